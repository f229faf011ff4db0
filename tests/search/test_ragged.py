import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from medenc.search.ragged import from_texts, joined, runs

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=8)


@given(TEXTS)
def test_texts_come_back(texts):
    assert from_texts(texts).texts() == texts
    assert [from_texts(texts).text(row) for row in range(len(texts))] == texts


@given(TEXTS, st.text(max_size=3))
def test_find_agrees_with_a_list(texts, wanted):
    texts = sorted(set(texts))
    row = from_texts(texts).find(wanted)
    assert row == (texts.index(wanted) if wanted in texts else None)


@given(TEXTS, TEXTS, st.data())
def test_joined_takes_rows_in_any_order(left, right, data):
    rows = [(0, row) for row in range(len(left))] + [(1, row) for row in range(len(right))]
    order = data.draw(st.permutations(rows)) if rows else []
    parts = np.array([part for part, _ in order], np.int64), np.array([row for _, row in order], np.int64)
    taken = joined([from_texts(left), from_texts(right)], runs(*parts))
    assert taken.texts() == [(left, right)[part][row] for part, row in order]


def test_runs_are_as_long_as_they_can_be():
    assert runs(np.array([0, 0, 1, 0, 0]), np.array([4, 5, 6, 6, 8])) == [(0, 4, 6), (1, 6, 7), (0, 6, 7), (0, 8, 9)]
