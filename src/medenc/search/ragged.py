"""Ragged arrays: rows of different lengths behind each other in one array, so that a file can be mapped into memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class Ragged:
    """Row i is `data[offsets[i]:offsets[i + 1]]`."""

    data: np.ndarray  # (m, ...) the items of all rows
    offsets: np.ndarray  # (n + 1,) int64

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> np.ndarray:
        return self.data[self.offsets[row] : self.offsets[row + 1]]

    def equals(self, other: Ragged) -> bool:
        """Whether all rows are the same."""
        return np.array_equal(self.offsets, other.offsets) and np.array_equal(self.data, other.data)

    @property
    def lengths(self) -> np.ndarray:
        """Items in each row, (n,)."""
        return np.diff(self.offsets)

    def text(self, row: int) -> str:
        """A row of UTF-8 bytes as text."""
        return self[row].tobytes().decode("utf-8")

    def texts(self) -> list[str]:
        """All rows of UTF-8 bytes as texts."""
        return list(self._texts())

    def find(self, text: str) -> int | None:
        """The row that holds `text` when the rows are sorted by their bytes; None when there is none."""
        key = text.encode("utf-8", "surrogatepass")
        row = bisect_left(range(len(self)), key, key=lambda at: self[at].tobytes())
        return row if row < len(self) and self[row].tobytes() == key else None

    def _texts(self) -> Iterator[str]:
        data, bounds = self.data.tobytes(), self.offsets.tolist()
        for start, end in pairwise(bounds):
            yield data[start:end].decode("utf-8")


Run = tuple[int, int, int]
"""(part, start, stop): rows `start` to `stop` of one of several ragged arrays."""


def from_texts(texts: Iterable[str]) -> Ragged:
    """Texts as rows of UTF-8 bytes."""
    encoded = [text.encode("utf-8") for text in texts]
    return Ragged(np.frombuffer(b"".join(encoded), np.uint8), bounds([len(row) for row in encoded]))


def bounds(lengths: Sequence[int] | np.ndarray) -> np.ndarray:
    """Offsets (n + 1,) of rows that have these lengths."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def runs(part: np.ndarray, row: np.ndarray) -> list[Run]:
    """The longest stretches of neighbouring rows in the sequence of rows `row[i]` of `part[i]`."""
    if not len(row):
        return []
    breaks = np.flatnonzero((np.diff(part) != 0) | (np.diff(row) != 1)) + 1
    starts, stops = np.append(0, breaks), np.append(breaks, len(row))
    return [(int(part[a]), int(row[a]), int(row[b - 1]) + 1) for a, b in zip(starts, stops, strict=True)]


def joined(parts: Sequence[Ragged], order: Sequence[Run]) -> Ragged:
    """The rows that `order` names, in that order."""
    pieces = [parts[p].data[parts[p].offsets[start] : parts[p].offsets[stop]] for p, start, stop in order]
    lengths = [parts[p].lengths[start:stop] for p, start, stop in order]
    return Ragged(
        np.concatenate([parts[0].data[:0], *pieces]), bounds(np.concatenate([np.empty(0, np.int64), *lengths]))
    )
