"""Which rows make which batch: a pure function of the seed, the epoch and the position."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

WINDOW = 64  # batches that are sorted by length together: little padding, and still a new mixture every epoch


class Batches:
    """An endless sequence of batches of row numbers, epoch after epoch.

    Rows are shuffled, sorted by length inside windows of some batches, cut, and the batches shuffled. With a fixed
    number of rows every batch has exactly that many (the last one is filled up with rows of the epoch's start), so
    that the number of in-batch negatives is stable.
    """

    def __init__(self, lengths: Sequence[int], *, rows: int, tokens: int | None, seed: int, least: int = 1) -> None:
        """`lengths`: tokens of each row; `tokens`: budget of a padded batch, which replaces `rows`.

        No batch has fewer than `least` rows, one for each process: a backbone refuses to read none.
        """
        self._lengths = np.asarray(lengths)
        self._rows, self._tokens, self._seed, self._least = min(rows, len(self._lengths)), tokens, seed, least
        self._starts = [0]  # position of each epoch's first batch
        self._cached: tuple[int, list[np.ndarray]] = (-1, [])

    def count(self, epochs: int) -> int:
        """How many batches the first `epochs` epochs have."""
        while len(self._starts) <= epochs:
            self._starts.append(self._starts[-1] + len(self.epoch(len(self._starts) - 1)))
        return self._starts[epochs]

    def at(self, position: int) -> tuple[int, np.ndarray]:
        """The epoch and the row numbers of batch `position` since the beginning of training."""
        while self._starts[-1] <= position:
            self.count(len(self._starts))
        epoch = bisect_right(self._starts, position) - 1
        return epoch, self.epoch(epoch)[position - self._starts[epoch]]

    def epoch(self, number: int) -> list[np.ndarray]:
        """All batches of an epoch."""
        if self._cached[0] != number:
            self._cached = (number, self._ordered(np.random.default_rng([self._seed, number])))
        return self._cached[1]

    def _ordered(self, rng: np.random.Generator) -> list[np.ndarray]:
        order = rng.permutation(len(self._lengths))
        whole = len(order) - (len(order) % self._rows if self._tokens is None else 0)
        span = WINDOW * self._rows
        batches = [
            batch
            for start in range(0, whole, span)
            for batch in self._cut(self._by_length(order[start : min(start + span, whole)]))
        ]
        if whole < len(order):
            rest = order[whole:]
            batches.append(np.concatenate([rest, order[: self._rows - len(rest)]]))
        return [self._filled(batches[place], order) for place in rng.permutation(len(batches))]

    def _filled(self, batch: np.ndarray, order: np.ndarray) -> np.ndarray:
        """With other rows of the epoch's start where there are too few."""
        missing = self._least - len(batch)
        return batch if missing <= 0 else np.concatenate([batch, order[~np.isin(order, batch)][:missing]])

    def _by_length(self, window: np.ndarray) -> np.ndarray:
        return window[np.argsort(self._lengths[window], kind="stable")]

    def _cut(self, window: np.ndarray) -> list[np.ndarray]:
        if self._tokens is None:
            return [window[start : start + self._rows] for start in range(0, len(window), self._rows)]
        batches, start = [], 0
        for end in range(1, len(window) + 1):  # sorted, so the last row is the longest
            if end == len(window) or self._lengths[window[end]] * (end + 1 - start) > self._tokens:
                batches.append(window[start:end])
                start = end
        return batches
