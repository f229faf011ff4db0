"""Vectors in lists of neighbours: a search looks into the lists nearest to the query only, and says how much it misses.

Few vectors stay in one list, and every search is exact. Many are cut into lists by k-means; how many lists a search
opens is chosen when the index is built, as the fewest that reach the wanted recall on vectors drawn from it, and the
recall is kept with it. Files are plain arrays that are mapped into memory, so only lists that are looked at cost any.

Source: Sivic and Zisserman 2003 and Jégou, Douze and Schmid 2011 (inverted file without codes).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from medenc.core.progress import track
from medenc.core.vectors import unit
from medenc.search.fusion import best

EXACT_BELOW = 50_000  # vectors in one list: a product with them takes milliseconds
RECALL = 0.99  # of the DEPTH nearest, which lists must reach
MARGIN = 2  # times the lists that documents need to find each other: their queries are farther away
SAMPLE = 32  # vectors a list is trained on
ROUNDS = 5  # of k-means
QUERIES = 200  # drawn to measure the recall
DEPTH = 10  # neighbours that the recall counts
FEWEST = 8  # lists opened, at least
ROUNDING = 1e-5  # of a cosine: a neighbour that is as near as the tenth is as good
BLOCK = 4096


@dataclass(frozen=True)
class Vectors:
    """n unit vectors of d numbers, those of one list behind each other."""

    data: np.ndarray  # (n, d) float32
    rows: np.ndarray  # (n,) int32: whose vector each is
    starts: np.ndarray  # (l + 1,) int64: where each list begins
    centres: np.ndarray  # (l, d) float32, unit
    probes: int  # lists a search opens
    recall: float  # of the DEPTH nearest, as measured when this was built; 1 when every list is opened

    def top(self, query: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the `n` nearest of a unit vector (d,), best first, and their cosines; equal ones by row."""
        return self._among(query, n, self._nearest(query))

    def around(self, query: np.ndarray, farthest: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows and cosines of all in the lists nearest to a unit vector (d,), and in some of the farthest."""
        near = self.centres @ query
        return self._opened(query, np.union1d(best(near, self.probes), best(-near, farthest)))

    def scores(self, query: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Cosines (k,) of a unit vector (d,) with some rows."""
        return np.asarray(self.data[self._place[rows]] @ query)

    def _nearest(self, query: np.ndarray) -> np.ndarray:
        return np.sort(best(self.centres @ query, self.probes))

    def _among(self, query: np.ndarray, n: int, lists: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows, scores = self._opened(query, lists)
        kept = np.flatnonzero(scores >= np.partition(scores, -n)[-n]) if n < len(scores) else np.arange(len(scores))
        order = kept[np.lexsort((rows[kept], -scores[kept]))][:n]
        return rows[order], scores[order]

    def _opened(self, query: np.ndarray, lists: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows and cosines of all in some lists."""
        spans = [slice(*self.starts[i : i + 2]) for i in lists]
        return np.concatenate([self.rows[span] for span in spans]), np.concatenate(
            [self.data[span] @ query for span in spans]
        )

    @cached_property
    def _place(self) -> np.ndarray:
        """Where the vector of each row is, (n,) int32."""
        place = np.empty(len(self.rows), np.int32)
        place[self.rows] = np.arange(len(self.rows), dtype=np.int32)
        return place


def build(
    units: np.ndarray, target: Path, recall: float = RECALL, exact_below: int = EXACT_BELOW, seed: int = 0
) -> Vectors:
    """The lists of unit vectors (n, d), which may be mapped from a file; they are written to `target` block by block.

    Args:
        recall: the least share of the DEPTH nearest that a search must find.
        exact_below: fewer vectors stay in one list.
    """
    n = len(units)
    if n < exact_below:
        centres, lists = np.array(units[:1]), np.zeros(n, np.int64)
    else:
        centres = _centres(units, round(2 * np.sqrt(n)), np.random.default_rng(seed))
        lists = _assigned(units, centres)
    order = np.argsort(lists, kind="stable")
    data = allocated(target, units.shape)
    for start in range(0, n, BLOCK):
        data[start : start + BLOCK] = units[order[start : start + BLOCK]]
    starts = np.searchsorted(lists[order], np.arange(len(centres) + 1))
    whole = Vectors(data, order.astype(np.int32), starts, centres, len(centres), 1.0)
    return whole if len(centres) == 1 else _tuned(whole, recall, seed)


def allocated(target: Path, shape: tuple[int, ...]) -> np.ndarray:
    """A mapped file of float32; a full disk is an error here, and would end the process when a page is written."""
    data = np.lib.format.open_memmap(target, "w+", np.float32, shape)
    with target.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, target.stat().st_size)
    return data


def _tuned(whole: Vectors, wanted: float, seed: int) -> Vectors:
    """The same, opening the fewest lists (a power of two) that reach `wanted`."""
    drawn = np.random.default_rng(seed).choice(len(whole.rows), min(QUERIES, len(whole.rows)), replace=False)
    drawn.sort()
    least = _tenth(whole.data, drawn) - ROUNDING
    probes = FEWEST
    while probes < len(whole.centres):
        tried = replace(whole, probes=probes)
        found = [tried.top(whole.data[place], DEPTH + 1)[1][1:] for place in drawn]
        reached = float(np.mean([(own >= bound).sum() / DEPTH for own, bound in zip(found, least, strict=True)]))
        if reached >= wanted:
            return replace(tried, recall=round(reached, 4))
        probes *= 2
    return whole


def _tenth(data: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """The cosine of each drawn vector (q,) with the last of its DEPTH nearest; itself, the nearest, is left out."""
    queries = np.array(data[drawn])
    nearest = np.full((len(drawn), DEPTH + 1), -np.inf, np.float32)
    for block in track(list(_blocks(data)), "exact neighbours"):
        scores = np.concatenate([nearest, queries @ block.T], axis=1)
        nearest = np.partition(scores, -DEPTH - 1, axis=1)[:, -DEPTH - 1 :]
    return nearest.min(axis=1)


def _centres(units: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Spherical k-means on a sample; an emptied list keeps its centre."""
    sample = units[np.sort(rng.choice(len(units), min(len(units), SAMPLE * n), replace=False))]
    centres = sample[np.sort(rng.choice(len(sample), n, replace=False))].copy()
    for _ in track(range(ROUNDS), "lists of neighbours"):
        lists = _assigned(sample, centres)
        order = np.argsort(lists, kind="stable")
        filled, first = np.unique(lists[order], return_index=True)
        centres[filled] = unit(np.add.reduceat(sample[order], first, axis=0))
    return centres


def _assigned(units: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The nearest centre of each vector, (n,)."""
    return np.concatenate([np.argmax(block @ centres.T, axis=1) for block in _blocks(units)])


def _blocks(units: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(units), BLOCK):
        yield units[start : start + BLOCK]
