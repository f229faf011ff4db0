"""Overlapping windows over a long context: where they begin, and which one sees a token best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

StrideIs = Literal["overlap", "step"]


def window_starts(length: int, capacity: int, stride: int, stride_is: StrideIs) -> list[int]:
    """First tokens of the windows of `capacity` tokens that together cover `length` tokens; at least one.

    `stride` is the overlap of two windows, as in Hugging Face's `run_qa.py` (at most half a window is taken), or the
    step from one to the next, as in Google's SQuAD programs (at most a whole window): the same word, not the same.
    """
    step = capacity - min(stride, capacity // 2) if stride_is == "overlap" else min(stride, capacity)
    rest = max(length - capacity, 0)
    return list(range(0, rest + step, step)) if rest else [0]


def most_central(length: int, starts: Sequence[int], capacity: int) -> list[np.ndarray]:
    """For each window, which of its tokens have more context in it than in any other, bool; the first of equals.

    Source: the SQuAD programs' rule, min(left, right) + 0.01 · length of the window.
    """
    best, owner = np.full(length, -np.inf), np.full(length, -1)
    spans = [(start, min(start + capacity, length)) for start in starts]
    for number, (start, end) in enumerate(spans):
        places = np.arange(start, end)
        context = np.minimum(places - start, end - 1 - places) + 0.01 * (end - start)
        owner[places[context > best[start:end]]] = number
        best[start:end] = np.maximum(best[start:end], context)
    return [owner[start:end] == number for number, (start, end) in enumerate(spans)]
