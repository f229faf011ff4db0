"""Dense search among many documents: only lists of vectors near the query are looked into, see `approximate`.

Fusion wants a score of every document. Those that are near, and those that words find, have their own; every
other one has the lowest that was seen. Some of the farthest lists are opened, too, so that this is as low as it gets.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from medenc.core.vectors import unit
from medenc.search.approximate import Vectors
from medenc.search.documents import Documents

FARTHEST = 4  # lists opened for the lowest score


class Nearby:
    """Scores of documents whose windows are in lists; `cosine` alone has them."""

    def __init__(self, documents: Documents, lists: Vectors) -> None:
        self._documents, self._lists = documents, lists

    def scores(self, query: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Scores (n,) for a query's vector (d,), exact for documents nearby and for `rows`."""
        query = unit(query[None].astype(np.float32))[0]
        windows, cosines = self._lists.around(query, FARTHEST)
        own = self._windows(rows)
        found = np.full(len(self._documents), cosines.min(), np.float32)
        found[rows] = -np.inf
        np.maximum.at(found, self._owner[windows], cosines)
        np.maximum.at(found, self._owner[own], self._documents.vectors.data[own] @ query)
        return found

    def _windows(self, rows: np.ndarray) -> np.ndarray:
        """The windows of some documents."""
        offsets = self._documents.vectors.offsets
        lengths = offsets[rows + 1] - offsets[rows]
        first = np.repeat(offsets[rows] - np.cumsum(lengths) + lengths, lengths)
        return first + np.arange(lengths.sum())

    @cached_property
    def _owner(self) -> np.ndarray:
        """The document of each window."""
        return np.repeat(np.arange(len(self._documents), dtype=np.int32), self._documents.vectors.lengths)
