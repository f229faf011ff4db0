"""Units, their windows, and pieces with true offsets."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import ByteLevelBPETokenizer
from tokenizers.processors import RobertaProcessing

from medenc.core.errors import MedencError
from medenc.decoding.pieces import Frame, Pieces, longest_first, pieces
from medenc.decoding.units import characters, units, windowed, windows
from medenc.text.tokenizer import train_wordpiece

TEXTS = [
    "Fe\u0301ver 😷 of 39 °C, amlodipine을 5mg",
    "患者有2型糖尿病史 ，长期",
    " naïve T-cell  counts\u200b fell\n",
    "👨‍👩‍👧 가족력",
]


@pytest.fixture(scope="module")
def wordpiece():
    return train_wordpiece(TEXTS * 3, 150)


@pytest.fixture(scope="module")
def byte_level():
    tokenizer = ByteLevelBPETokenizer(add_prefix_space=True)
    tokenizer.train_from_iterator(TEXTS * 3, 280, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer._tokenizer.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer._tokenizer


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(2, 20))
def test_every_unit_is_decided_once_in_a_window_that_fits(sizes, capacity):
    found = windows(sizes, capacity)
    decided = [unit for window in found for unit in range(window.own_first, window.own_last)]
    assert decided == list(range(len(sizes)))
    for window in found:
        assert window.first <= window.own_first <= window.own_last <= window.last
        assert sum(min(size, capacity) for size in sizes[window.first : window.last]) <= capacity


def test_a_long_text_has_context_on_both_sides():
    found = windows([1] * 100, 40)
    assert [(w.first, w.last, w.own_first, w.own_last) for w in found] == [
        (0, 40, 0, 35),
        (30, 70, 35, 65),
        (60, 100, 65, 100),
    ]


def test_a_unit_longer_than_a_window_is_cut_there(wordpiece):
    (own,) = units(wordpiece, ["a" * 60], [[(0, 60)]], "word")
    parts = list(windowed(own, 5))
    assert len(own.ids[0]) > 5
    assert [len(ids) for _, ids, _, _ in parts] == [5]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", ["word", "character", "piece"])
def test_units_are_stretches_of_the_text(request, text, kind):
    for name in ("wordpiece", "byte_level"):
        (own,) = units(request.getfixturevalue(name), [text], [[]], kind)
        spans = own.spans.tolist()
        assert len(own.ids) == len(spans)
        assert all(len(ids) for ids in own.ids)
        assert all(a < b for a, b in spans)
        assert all(b <= c for (_, b), (c, _) in pairwise(spans)), "units overlap"
        covered = {place for a, b in spans for place in range(a, b)}
        seen = {place for place, c in enumerate(text) if not c.isspace() and c != "\u200b"}
        assert seen <= covered
        assert not any(text[a].isspace() or text[b - 1].isspace() for a, b in spans)


def test_the_data_s_own_units_come_first(wordpiece):
    text = "IL-2 가 \u200b"
    given_spans = [(0, 4), (4, 5), (5, 6), (7, 8)]
    (own,) = units(wordpiece, [text], [given_spans], "word")
    assert own.spans.tolist() == [list(span) for span in given_spans]
    unknown = wordpiece.token_to_id("[UNK]")
    assert own.ids[1].tolist() == [unknown], "white space is a unit that nobody knows"
    assert own.ids[3].tolist() == [unknown]


def test_a_character_keeps_its_marks():
    assert characters("e\u0301 가😷\ufe0f") == [(0, 2), (3, 4), (4, 6)]
    assert characters("👨\u200d👩 का") == [(0, 2), (2, 3), (4, 6)]
    assert characters("   ") == []


@pytest.mark.parametrize("name", ["wordpiece", "byte_level"])
def test_pieces_hold_the_whole_text_whatever_was_set_before(request, name):
    tokenizer = request.getfixturevalue(name)
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=50)
    text = "amlodipine을 5mg 39 °C \ud83d 39"
    (own,) = pieces(tokenizer, [text])
    assert 3 < len(own) < 50
    assert own.offsets[-1, 1] == len(text)


def test_frames_are_the_tokenizer_s_own(wordpiece, byte_level):
    for tokenizer, types in ((wordpiece, [0, 1]), (byte_level, [0, 0])):
        for pair in (False, True):
            texts = TEXTS[:2] if pair else TEXTS[:1]
            whole = tokenizer.encode(*texts)
            ids, type_ids, offsets = Frame.of(tokenizer, pair=pair).around(*pieces(tokenizer, texts))
            assert ids.tolist() == whole.ids
            assert type_ids.tolist() == whole.type_ids
            assert set(type_ids.tolist()) <= set(types)
            assert [tuple(span) for span in offsets.tolist()] == [
                (0, 0) if special else (a + (texts[n or 0][a] == " "), b)
                for (a, b), special, n in zip(whole.offsets, whole.special_tokens_mask, whole.sequence_ids, strict=True)
            ]


def test_a_tokenizer_without_special_tokens_is_refused(wordpiece):
    from tokenizers import Tokenizer

    bare = Tokenizer(wordpiece.model)
    with pytest.raises(MedencError, match="no special tokens"):
        Frame.of(bare, pair=False)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=3), st.integers(0, 100))
def test_the_longest_part_is_cut_first(sizes, room):
    kept = longest_first(sizes, room)
    assert all(0 <= a <= b for a, b in zip(kept, sizes, strict=True))
    assert sum(kept) == min(sum(sizes), room)
    cut = [size for size, own in zip(sizes, kept, strict=True) if own < size]
    assert all(max(kept) <= size for size in cut)
    assert all(own + 1 >= max(kept) for own, size in zip(kept, sizes, strict=True) if own < size)


def test_a_slice_of_pieces_is_pieces():
    own = Pieces(np.arange(4), np.zeros((4, 2)), np.arange(4))
    assert own[1:3].ids.tolist() == [1, 2]
    assert len(own[:0]) == 0
