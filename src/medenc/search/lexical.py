"""Lexical search: BM25 over the terms of the analyzer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Annotated

import numpy as np
from pydantic import Field

from medenc.core.options import Options
from medenc.search.documents import Documents
from medenc.text.analyzer import NET_WEIGHT
from medenc.text.terms import NET_PREFIX, is_net

KNOWN_FORMS = 4096  # terms whose numbers are remembered


class Bm25(Options):
    """The settings of BM25: saturation of counts, weight of the document's length, and of the analyzer's safety net."""

    k1: Annotated[float, Field(ge=0)] = 0.6
    b: Annotated[float, Field(ge=0, le=1)] = 0.6
    net: Annotated[float, Field(ge=0, le=1)] = NET_WEIGHT


class Lexical:
    """Exact BM25 scores of every document.

    A term that is in f of n documents, c times in a document of length l (mean m), adds
    ln(1 + (n - f + 0.5) / (f + 0.5)) * c / (c + k1 * (1 - b + b * l / m)).
    A pair of the safety net counts `net` times as much as a word, in the sum and in the length.

    Source: Robertson and Zaragoza 2009, equation 3.15, in the form of Lucene 8 and later (without the factor k1 + 1,
    which changes no order; the logarithm cannot become negative).
    """

    def __init__(self, documents: Documents, settings: Bm25) -> None:
        self._documents, self._settings = documents, settings

    def query(self, forms: Iterable[str]) -> dict[int, int]:
        """The known terms of a query by their numbers, with how often they are in it."""
        found = {number: count for form, count in Counter(forms).items() if (number := self._number(form)) is not None}
        return dict(sorted(found.items()))

    def scores(self, query: Mapping[int, int]) -> np.ndarray:
        """Scores (n,) float64; 0 where no term of the query is."""
        scores = np.zeros(len(self._documents))
        for term, count in query.items():
            document, inside = self._documents.postings[term].T
            scores[document] += count * self.weight(term) * inside / (inside + self._saturation[document])
        return scores

    def additions(self, query: Mapping[int, int], rows: np.ndarray) -> np.ndarray:
        """What each term of a query adds to the score of each of some documents, (t, r)."""
        found = np.zeros((len(query), len(rows)))
        for own, (term, count) in zip(found, query.items(), strict=True):
            documents, inside = self._documents.postings[term].T
            place = np.searchsorted(documents, rows).clip(max=len(documents) - 1)
            times = np.where(documents[place] == rows, inside[place], 0)
            own[:] = count * self.weight(term) * times / (times + self._saturation[rows])
        return found

    def weight(self, term: int) -> float:
        """What a term is worth at most: its inverse document frequency, lowered for the safety net."""
        n, holding = len(self._documents), len(self._documents.postings[term])
        return float(self._worth[term] * np.log1p((n - holding + 0.5) / (holding + 0.5)))

    def attainable(self, forms: Iterable[str]) -> float:
        """What all terms of a query together could add to a score; a term that no document has is as rare as can be."""
        return sum(count * self._weight_of(form) for form, count in Counter(forms).items())

    def weights(self, forms: Iterable[str]) -> tuple[dict[int, float], float]:
        """The weights of a question's known terms by their numbers, and of all its unknown terms together."""
        distinct = set(forms)
        unknown = sum(self._weight_of(form) for form in distinct if self._number(form) is None)
        return {term: self.weight(term) for term in self.query(distinct)}, unknown

    def _weight_of(self, form: str) -> float:
        """The weight of a term, known or not."""
        if (number := self._number(form)) is not None:
            return self.weight(number)
        rarest = float(np.log1p((len(self._documents) + 0.5) / 0.5))
        return rarest * (self._settings.net if is_net(form) else 1.0)

    @cached_property
    def _number(self) -> Callable[[str], int | None]:
        """The number of a term; a query asks for each of its terms more than once."""
        return lru_cache(maxsize=KNOWN_FORMS)(self._documents.vocabulary.find)

    @cached_property
    def _worth(self) -> np.ndarray:
        """1 for a word, `net` for a pair of the safety net; (v,)."""
        vocabulary = self._documents.vocabulary
        return np.where(vocabulary.data[vocabulary.offsets[:-1]] == ord(NET_PREFIX), self._settings.net, 1.0)

    @cached_property
    def _saturation(self) -> np.ndarray:
        """k1 * (1 - b + b * length / mean length) of each document, (n,)."""
        postings = self._documents.postings
        document, inside = postings.data.T
        lengths = np.bincount(document, inside * np.repeat(self._worth, postings.lengths), len(self._documents))
        return self._settings.k1 * (1 - self._settings.b + self._settings.b * lengths / (lengths.mean() or 1.0))
