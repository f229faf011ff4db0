"""A file without splits: both sides make the whole, and what belongs together stays together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.examples import Labelled


def part(rows, **options):
    return list(build("transform", {"use": "part", **options}, "here").apply(rows))


@given(st.lists(st.text(max_size=3), max_size=40), st.floats(0.05, 0.95))
def test_both_sides_make_the_whole_and_share_no_text(texts, share):
    rows = [Labelled(str(place), text) for place, text in enumerate(texts)]
    train, held = (part(rows, side=side, share=share, by="text") for side in ("train", "held_out"))
    assert sorted(train + held, key=lambda row: int(row.id)) == rows
    assert not {row.text for row in train} & {row.text for row in held}


def test_about_the_share_is_held_out_whatever_the_order():
    rows = [Labelled(str(place), "text") for place in range(2000)]
    held = part(rows, side="held_out", share=0.3)
    assert len(held) == pytest.approx(600, abs=60)
    assert part(rows[::-1], side="held_out", share=0.3) == held[::-1]


def test_no_more_rows_than_asked_for():
    rows = [Labelled(str(place), "text") for place in range(100)]
    assert part(rows, side="train", most=5) == part(rows, side="train")[:5]


def test_a_field_that_rows_lack_is_named():
    with pytest.raises(MedencError, match="a Labelled has no text 'context'"):
        part([Labelled("1", "text")], side="train", by="context")
