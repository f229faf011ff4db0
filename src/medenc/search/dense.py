"""Dense search: the similarity of a query's vector with the best window of every passage."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import numpy as np

from medenc.core.vectors import unit
from medenc.search.documents import Documents

Similarity = Literal["cosine", "dot", "l2"]


class Dense:
    """Exact scores of every document, by one product with the mapped vectors."""

    def __init__(self, documents: Documents, similarity: Similarity) -> None:
        self._documents, self._similarity = documents, similarity

    def scores(self, queries: np.ndarray) -> np.ndarray:
        """Scores (q, n) of query vectors (q, d); a document scores as its best window, `l2` as a negative distance."""
        by_window = self._by_window(queries.astype(np.float32))
        starts = self._documents.vectors.offsets[:-1]
        if by_window.shape[1] == len(starts):  # one window each, the usual case
            return by_window
        return np.maximum.reduceat(by_window, starts, axis=1)

    def window(self, query: np.ndarray, row: int) -> tuple[int, int]:
        """Start and end of the best window of one document, in the characters of its content."""
        own, best = slice(*self._documents.vectors.offsets[row : row + 2]), 0
        if own.stop - own.start > 1:  # else the usual case
            best = int(np.argmax(self._compared(query[None].astype(np.float32), own)[0]))
        start, end = self._documents.windows[row][best].tolist()
        return start, end

    def _by_window(self, queries: np.ndarray) -> np.ndarray:
        return self._compared(queries, slice(None))

    def _compared(self, queries: np.ndarray, windows: slice) -> np.ndarray:
        vectors = self._documents.vectors.data[windows]
        if self._similarity == "cosine":  # the stored vectors have length 1
            return unit(queries) @ vectors.T
        products = queries @ vectors.T
        if self._similarity == "dot":
            return products
        squares = (queries**2).sum(1)[:, None] + self._squares[windows]
        return -np.sqrt(np.maximum(squares - 2 * products, 0))

    @cached_property
    def _squares(self) -> np.ndarray:
        return np.einsum("md,md->m", self._documents.vectors.data, self._documents.vectors.data)
