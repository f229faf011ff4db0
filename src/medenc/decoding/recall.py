"""Which terms of a dictionary a mention may mean, by its characters: the first half of retrieve-then-rank."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from medenc.text.normalize import normalize


class Recall:
    """Characters and pairs of characters of the terms, as an inverted list.

    The score of a term is the cosine of TF-IDF vectors plus the share of the shorter one's characters that both have,
    0 … 2. Source: Zhang et al. 2022 (CBLUE), the baseline for CHIP-CDN; theirs counts words instead of pairs.
    """

    def __init__(self, terms: Sequence[str]) -> None:
        self.n = len(terms)
        grams = [_grams(term) for term in terms]
        frequency = Counter(gram for own in grams for gram in own)
        self._idf = {gram: np.log((1 + self.n) / (1 + count)) + 1 for gram, count in frequency.items()}
        postings: dict[str, list[tuple[int, float]]] = {gram: [] for gram in frequency}
        for place, own in enumerate(grams):
            weights = self._weights(own)
            for gram, weight in weights.items():
                postings[gram].append((place, weight))
        self._places = {gram: np.array([place for place, _ in own]) for gram, own in postings.items()}
        self._shares = {gram: np.array([weight for _, weight in own]) for gram, own in postings.items()}
        self._characters = np.array([sum(len(gram) == 1 for gram in own) for own in grams])

    def top(self, mention: str, depth: int) -> tuple[np.ndarray, np.ndarray]:
        """Places of the best terms, best first, and their scores; equal ones in the order of the dictionary."""
        own = _grams(mention)
        cosine, shared = np.zeros(self.n), np.zeros(self.n)
        for gram, weight in self._weights(own).items():
            cosine[self._places[gram]] += weight * self._shares[gram]
            if len(gram) == 1:
                shared[self._places[gram]] += 1
        shorter = np.minimum(self._characters, sum(len(gram) == 1 for gram in own))
        scores = cosine + shared / np.maximum(shorter, 1)
        best = np.argsort(-scores, kind="stable")[:depth]
        return best, scores[best]

    def _weights(self, grams: Counter[str]) -> dict[str, float]:
        """The unit vector of a text over the grams that the dictionary has."""
        raw = {gram: count * self._idf[gram] for gram, count in grams.items() if gram in self._idf}
        length = np.sqrt(sum(weight**2 for weight in raw.values()))
        return {gram: float(weight / length) for gram, weight in raw.items()}


@lru_cache(maxsize=4)
def recall_of(terms: tuple[str, ...]) -> Recall:
    """The inverted list of a dictionary, built once."""
    return Recall(terms)


def _grams(text: str) -> Counter[str]:
    plain = "".join(normalize(text).text.lower().split())
    return Counter([*plain, *(plain[place : place + 2] for place in range(len(plain) - 1))])
