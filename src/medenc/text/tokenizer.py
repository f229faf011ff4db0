"""WordPiece vocabularies for mixed Korean, Chinese and English text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from medenc.core.errors import MedencError
from medenc.core.files import write_bytes, write_json

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")  # their ids are their places: 0 to 4
PREFIX = "##"


def train_wordpiece(texts: Iterable[str], vocab_size: int, lowercase: bool = True) -> Tokenizer:
    """A BERT-style tokenizer learned from `texts`; the same texts give the same vocabulary.

    Text is NFC, Chinese characters are words of their own, and accents stay: stripping them, as BERT does
    when it lower-cases, would tear Hangul syllables into letters.

    Raises: MedencError when `vocab_size` is too small for the special tokens and the frequent characters.
    """
    texts = list(texts)
    tokenizer = _untrained(models.WordPiece(unk_token="[UNK]"), lowercase)
    letters = _letters(tokenizer, texts, room=(vocab_size - len(SPECIAL)) * 3 // 4)
    if not letters:
        raise MedencError(f"nothing to learn a vocabulary of {vocab_size} from", where="vocab_size")
    # The trainer numbers characters in the order of a randomly seeded hash map and breaks ties between merges
    # by those numbers. Declaring them in advance fixes the numbers, and with them the whole vocabulary.
    alphabet = sorted({letter.removeprefix(PREFIX) for letter in letters})
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        special_tokens=[*SPECIAL, *letters],
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return _with_template(_untrained(models.WordPiece(vocab=tokenizer.get_vocab(), unk_token="[UNK]"), lowercase))


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write `tokenizer` so that `AutoTokenizer.from_pretrained(folder)` gives the same tokens."""
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    write_bytes(folder / "tokenizer.json", tokenizer.to_str(pretty=True).encode())
    write_json(folder / "special_tokens_map.json", names)
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
            "clean_up_tokenization_spaces": False,
            **names,
        },
    )


def _untrained(model: models.WordPiece, lowercase: bool) -> Tokenizer:
    tokenizer = Tokenizer(model)
    bert = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=lowercase
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), bert])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix=PREFIX)
    return tokenizer


def _with_template(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", SPECIAL.index("[CLS]")), ("[SEP]", SPECIAL.index("[SEP]"))],
    )
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def _letters(tokenizer: Tokenizer, texts: Sequence[str], room: int) -> list[str]:
    """The `room` most frequent single-character pieces, sorted; `##` marks those inside a word."""
    counts: Counter[str] = Counter()
    for text in texts:
        words = tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))
        for word, _ in words:
            counts[word[0]] += 1
            counts.update(PREFIX + letter for letter in word[1:])
    frequent = sorted(counts, key=lambda piece: (-counts[piece], piece))[: max(room, 0)]
    return sorted(frequent)
