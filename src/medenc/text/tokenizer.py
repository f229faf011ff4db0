"""WordPiece vocabularies for mixed Korean, Chinese and English text."""

from __future__ import annotations

import json
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
    vocabulary = _learned(_untrained(models.WordPiece(unk_token="[UNK]"), lowercase), list(texts), vocab_size)
    return _with_template(_untrained(models.WordPiece(vocab=vocabulary, unk_token="[UNK]"), lowercase))


def open_wordpiece(folder: Path) -> Tokenizer:
    """The tokenizer of a folder. Raises: MedencError when it has none, or one that is not WordPiece as BERT's."""
    file = folder / "tokenizer.json"
    if not file.is_file():
        raise MedencError("no such file", where=file, hint="give the folder of a tokenizer or a model")
    tokenizer = Tokenizer.from_file(str(file))
    model = json.loads(tokenizer.to_str())["model"]
    if model.get("continuing_subword_prefix") != PREFIX:
        raise MedencError(f"expected a WordPiece vocabulary, found {model['type']}", where=file)
    if missing := [token for token in SPECIAL if token not in model["vocab"]]:
        raise MedencError(f"it has no {missing[0]}", where=file)
    return tokenizer


def extend_wordpiece(tokenizer: Tokenizer, texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """A tokenizer with more pieces, learned from `texts` as the old one cleans and splits them.

    The old pieces keep their numbers; at most as many are added as make `vocab_size`.
    Raises: MedencError when there is no room for pieces.
    """
    state, first = json.loads(tokenizer.to_str()), tokenizer.get_vocab_size()
    known: dict[str, int] = state["model"]["vocab"]
    if vocab_size <= first:
        raise MedencError(
            f"the vocabulary to extend has {first} pieces", where="vocab_size", hint=f"give more than {first}"
        )
    bare = Tokenizer.from_str(tokenizer.to_str())
    bare.model = models.WordPiece(unk_token=state["model"]["unk_token"])
    learned = _learned(bare, list(texts), vocab_size - first + len(SPECIAL))
    new = [piece for piece in sorted(learned, key=lambda piece: learned[piece]) if piece not in known]
    known |= {piece: first + place for place, piece in enumerate(new)}
    return Tokenizer.from_str(json.dumps(state))


def _learned(tokenizer: Tokenizer, texts: Sequence[str], vocab_size: int) -> dict[str, int]:
    """The pieces of an untrained tokenizer by their number."""
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
    found: dict[str, int] = tokenizer.get_vocab()
    return found


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
