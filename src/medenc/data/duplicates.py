"""Which documents of a corpus are copies of earlier ones; by digests, in buckets, so that memory stays small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from medenc.data.shard_building import Part

TAKEN = -1
_BUCKET = 1 << 22  # documents sorted at a time, some 200 MB


def standing(parts: Sequence[Part]) -> np.ndarray:
    """(n,) int64: for each document the one that is kept for it.

    That is itself, or the first with the same content, or `TAKEN` when its id belongs to an earlier one with another.
    """
    total = sum(len(part.keys) for part in parts)
    stands = np.arange(total)
    for numbers, rows in _buckets(parts, 0, total):
        first = _first(rows[:, :2])
        other = (rows[first, 2:] != rows[:, 2:]).any(axis=1)
        stands[numbers[other]] = TAKEN
    for numbers, rows in _buckets(parts, 2, total):
        proper = stands[numbers] != TAKEN
        numbers = numbers[proper]
        stands[numbers] = numbers[_first(rows[proper, 2:])]
    return stands


def _buckets(parts: Sequence[Part], column: int, total: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Numbers and digests of the documents that share the remainder of a digest, bucket after bucket."""
    buckets = np.uint64(-(-total // _BUCKET) or 1)
    for bucket in range(int(buckets)):
        numbers, rows, start = [], [], 0
        for part in parts:
            places = np.flatnonzero(part.keys[:, column] % buckets == bucket)
            numbers.append(start + places)
            rows.append(part.keys[places])
            start += len(part.keys)
        if numbers:
            yield np.concatenate(numbers), np.concatenate(rows)


def _first(keys: np.ndarray) -> np.ndarray:
    """(n,) the place of the first row that equals each row of (n, 2)."""
    order = np.lexsort((keys[:, 1], keys[:, 0]))  # stable: equal rows stay in order
    ordered = keys[order]
    new = np.append(True, (ordered[1:] != ordered[:-1]).any(axis=1))[: len(order)]
    first = np.empty(len(order), dtype=np.int64)
    first[order] = order[new][np.cumsum(new) - 1]
    return first
