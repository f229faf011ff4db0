"""Texts that are longer than the encoder reads: in windows every piece is read, and the windows decide together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import LONG, TEXTS

from medenc.core.plugins import build
from medenc.data.examples import Labelled
from medenc.decoding.predicting import Answering
from medenc.decoding.sequences import in_windows
from medenc.text.tokenizer import train_wordpiece

TOKENIZER = train_wordpiece([*TEXTS, LONG, "a b", *["warfarin"] * 20] * 2, 500)
LABELS = ["a", "b"]


def task(use="classification", **options):
    return build("task", {"use": use, "overlap": 4, **options}, "here")


@given(st.integers(1, 60), st.integers(0, 40), st.integers(0, 12), st.booleans())
def test_every_piece_of_the_longer_text_is_read(first, second, overlap, pair):
    texts, pairs = ["a " * first], ["b " * max(second, 1)] if pair else None
    (windows,) = in_windows(TOKENIZER, texts, pairs, 24, overlap)
    longer = int(pair and second > first)
    there = [window.offsets[(window.type_ids == longer) & (window.offsets[:, 1] > 0)] for window in windows]
    read = {start for spans in there for start, _ in spans.tolist()}
    assert len(read) == (max(second, 1) if longer else first)
    assert all(len(window.input_ids) <= 24 for window in windows)
    assert sum(window.lost for window in windows[1:]) == 0
    beside = 21 // 2  # of 24 tokens, 3 special ones
    shorter = min(first, max(second, 1)) if pair else 0
    cut = pair and first + max(second, 1) > 21
    assert windows[0].lost == (max(shorter - beside, 0) if cut else 0)


def told(batches):
    """A model that finds class b where the word at the end of the long text is."""
    sign = TOKENIZER.token_to_id("warfarin")
    for batch in batches:
        there = (batch["input_ids"] == sign).any(1)
        yield {"logits": np.stack([np.zeros(len(there)), np.where(there, 8.0, -2.0)], axis=1)}


def test_the_end_of_a_long_text_decides_too():
    assert TOKENIZER.token_to_id("warfarin") is not None
    rows = [Labelled("long", f"{LONG} warfarin"), Labelled("short", TEXTS[0])]
    cut = Answering(task(overlap=None), LABELS, TOKENIZER, 32, 0).predict(rows, told)
    assert (cut.predictions[0].label, cut.counts["truncated"]) == ("a", 1)
    found = Answering(task("multi_label"), LABELS, TOKENIZER, 32, 0).predict(rows, told)
    assert [one.labels for one in found.predictions] == [("a", "b"), ("a",)]
    assert (found.counts["truncated"], found.truncated) == (0, [0, 0])


def test_windows_of_a_text_are_averaged_and_weigh_together_what_a_short_one_does():
    rows = [Labelled("long", LONG, "a"), Labelled("short", TEXTS[0], "b")]
    own = task()
    features, counts = own.features(rows, TOKENIZER, LABELS, 32, learn=True)
    windows = [feature for feature in features if feature.row == 0]
    assert counts == {"truncated": 0, "windows": len(windows) + 1}
    assert sum(float(feature.gold["weight"]) for feature in windows) == pytest.approx(1)
    found = [np.array([0.9, 0.1])] + [np.array([0.2, 0.8])] * (len(windows) - 1) + [np.array([0.5, 0.5])]
    first, _ = own.decode(found, features, rows, LABELS)
    assert first.probabilities["a"] == pytest.approx((0.9 + 0.2 * (len(windows) - 1)) / len(windows))
