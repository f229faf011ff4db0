"""Rows that are held out in turn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.examples import Labelled
from medenc.data.records import Passage


def side(rows, name, number, folds, by="id"):
    return [
        *build("transform", {"use": "fold", "side": name, "number": number, "folds": folds, "by": by}, "x").apply(rows)
    ]


@given(st.integers(2, 5), st.lists(st.integers(0, 30), min_size=5, max_size=40))
def test_every_row_is_held_out_once_and_groups_stay_together(folds, groups):
    rows = [Labelled(str(place), "HbA1c 검사", "x", group=f"g{group}") for place, group in enumerate(groups)]
    if len(set(groups)) < folds:
        with pytest.raises(MedencError, match=f"{len(groups)} rows with {len(set(groups))} values of 'group' make no"):
            side(rows, "train", 0, folds, "group")
        return
    held_out = [side(rows, "held_out", number, folds, "group") for number in range(folds)]
    assert sorted(int(row.id) for part in held_out for row in part) == list(range(len(rows)))
    sizes = [len({row.group for row in part}) for part in held_out]
    assert max(sizes) - min(sizes) <= 1
    for number, part in enumerate(held_out):
        learned = side(rows, "train", number, folds, "group")
        assert not {row.group for row in part} & {row.group for row in learned}
        assert [row for row in rows if row in learned or row in part] == rows


def test_the_order_of_the_rows_changes_no_part():
    rows = [Labelled(str(place), "x") for place in range(20)]
    assert {r.id for r in side(rows, "held_out", 1, 3)} == {r.id for r in side(rows[::-1], "held_out", 1, 3)}


def test_wrong_parts_are_one_clear_line():
    with pytest.raises(MedencError, match="counted from 0 to 2"):
        side([], "train", 3, 3)
    with pytest.raises(MedencError, match=r"a Passage has no text 'xyz' \(known: "):
        side([Passage("p", "t", "x")], "train", 0, 2, "xyz")
