"""The fast cutter gives the tokenizer's own tokens, whatever the text."""

import unicodedata
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from unicode_texts import texts

from medenc.core.errors import MedencError
from medenc.text.code_points import codes
from medenc.text.pieces import Cutter
from medenc.text.tokenizer import train_wordpiece
from medenc.text.tokens import readable

TEXTS = [
    "糖尿病性视网膜病变的患者,血糖控制不佳。高血压、冠心病!",
    "고혈압 환자에게 amlodipine을 투여하였다. 당뇨병은 만성 질환이다.",
    "HbA1c was 7.2% in COVID-19 patients (n=20); naïve Ménière's <5 mg/dL>.",
]


@cache
def tokenizers():
    """Ours in both cases, and one that strips accents as BERT's does."""
    ours = [train_wordpiece(TEXTS * 3, 400, lowercase) for lowercase in (True, False)]
    stripping = Tokenizer(models.WordPiece(vocab=ours[0].get_vocab(), unk_token="[UNK]"))
    stripping.normalizer = normalizers.BertNormalizer(lowercase=True)
    stripping.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    stripping.add_special_tokens(["[UNK]", "[MASK]"])
    return [(tokenizer, Cutter(tokenizer)) for tokenizer in (*ours, stripping)]


def same(text, tokenizer, cutter):
    expected = tokenizer.encode(readable(text), add_special_tokens=False)
    found = cutter.cut(text)
    assert found.ids.tolist() == expected.ids
    assert list(zip(found.starts.tolist(), found.ends.tolist(), strict=True)) == expected.offsets
    words = expected.word_ids
    assert found.fresh.tolist() == [i == 0 or word != words[i - 1] for i, word in enumerate(words)]


@example("<\u0338 =\u0338 中\u0301 。\u3099 !\u200b\u0338")  # marks that change the character before them
@example("[MASK] [CLS]中[SEP] ##病")
@example("\u1112\u1161\u11ab ㅋㅋ é e\u0301 İ ΑΣ ΑΣ中")
@example("\U00020000\U0001f600 豈 ﬁ ①㎎ ａｂ　，")
@example("\x00a\x00b\ufffd\x1f中\x85\u2028\u3000")
@settings(deadline=None)
@given(texts)
def test_tokens_are_those_of_the_tokenizer(text):
    for tokenizer, cutter in tokenizers():
        same(text, tokenizer, cutter)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*TEXTS[0], *TEXTS[1], *TEXTS[2], *"\u0338\u0301\u200b\n\t中가aA1[]"]), max_size=80))
def test_tokens_are_those_of_the_tokenizer_where_scripts_meet(characters):
    for tokenizer, cutter in tokenizers():
        same("".join(characters), tokenizer, cutter)


def test_characters_of_all_kinds_alone_and_between_others():
    chosen = [c for c in map(chr, range(0x10000)) if unicodedata.category(c)[0] not in "LCM" or ord(c) % 61 == 0]
    texts = [f"{c} a{c}中{c}\u0338" for c in chosen]
    for tokenizer, cutter in tokenizers():
        for low in range(0, len(texts), 1024):
            text = readable("\n".join(texts[low : low + 1024]))
            assert cutter.cut(text).ids.tolist() == tokenizer.encode(text, add_special_tokens=False).ids


def test_an_empty_text_has_no_tokens():
    assert len(tokenizers()[0][1].cut("").ids) == 0


def test_long_runs_become_what_the_tokenizer_makes_of_them():
    tokenizer, cutter = tokenizers()[0]
    same("가" * 101 + " " + "x" * 101 + "。" + "b" * 99, tokenizer, cutter)


def test_code_points_are_the_characters():
    assert codes("a中\U0001f600").tolist() == [0x61, 0x4E2D, 0x1F600]
    assert codes("").dtype == np.uint32


def test_a_tokenizer_whose_words_depend_on_their_neighbours_is_refused():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    with pytest.raises(MedencError, match="splits at spaces"):
        Cutter(tokenizer)
    with pytest.raises(MedencError, match="splits at spaces"):
        Cutter(Tokenizer(models.BPE()))


def test_words_added_beside_the_vocabulary_are_refused():
    tokenizer = train_wordpiece(TEXTS, 300)
    tokenizer.add_tokens(["new word"])
    with pytest.raises(MedencError, match="1 added tokens are not part of the vocabulary"):
        Cutter(tokenizer)
