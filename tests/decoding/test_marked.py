"""Markers around two entities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.decoding.marked import MARKERS, Markers, marked
from medenc.decoding.pieces import pieces
from medenc.text.tokenizer import train_wordpiece

WORDS = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"]
TEXT = " ".join(WORDS)
TOKENIZER = train_wordpiece([TEXT] * 3, 60)
TOKENIZER.add_special_tokens(list(MARKERS))


def shown(subject, target, capacity=100, text=TEXT):
    (own,) = pieces(TOKENIZER, [text])
    part, left = marked(own, subject, target, Markers.of(TOKENIZER), capacity)
    assert len(part) <= capacity
    assert len(part) - len(MARKERS) + left == len(own)
    return " ".join(TOKENIZER.id_to_token(id_) for id_ in part.ids)


def span(first, last):
    return 2 * WORDS.index(first), 2 * WORDS.index(last) + 1


def test_markers_stand_around_the_entities():
    assert shown(span("b", "c"), span("e", "e")).startswith("a [S] b c [/S] d [O] e [/O] f")
    assert shown(span("e", "e"), span("b", "c")).startswith("a [O] b c [/O] d [S] e [/S] f")


def test_nested_and_touching_entities():
    assert shown(span("a", "d"), span("b", "b")).startswith("[S] a [O] b [/O] c d [/S] e")
    assert shown(span("b", "b"), span("c", "c")).startswith("a [S] b [/S] [O] c [/O] d")


def test_what_is_read_lies_around_the_entities():
    assert shown(span("h", "h"), span("j", "j"), 4 + 7) == "f g [S] h [/S] i [O] j [/O] k l"
    assert shown(span("a", "a"), span("b", "b"), 4 + 4) == "[S] a [/S] [O] b [/O] c d"
    assert shown(span("o", "o"), span("p", "p"), 4 + 4) == "m n [S] o [/S] [O] p [/O]"


def test_entities_too_far_apart_keep_their_neighbours():
    assert shown(span("b", "b"), span("o", "o"), 4 + 5) == "[S] b [/S] c m n [O] o [/O]"


@given(st.lists(st.integers(0, 15), min_size=4, max_size=4), st.integers(8, 40))
def test_no_marker_is_ever_lost(places, capacity):
    (a, b), (c, d) = sorted(places[:2]), sorted(places[2:])
    row = shown(span(WORDS[a], WORDS[b]), span(WORDS[c], WORDS[d]), capacity).split()
    assert sorted(token for token in row if token in MARKERS) == sorted(MARKERS)
    assert row.index("[S]") < row.index("[/S]")
    assert row.index("[O]") < row.index("[/O]")


def test_a_tokenizer_without_markers_is_refused():
    with pytest.raises(MedencError, match="does not know the markers"):
        Markers.of(train_wordpiece([TEXT], 60))
