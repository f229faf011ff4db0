"""The baseline that knows no language: BM25 over characters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from medenc.data.records import Passage, Query
from medenc.metrics.ranking import Run
from medenc.search.fusion import best
from medenc.text.normalize import normalize
from medenc.text.scripts import HAN, HANGUL, KANA

K1, B = 0.9, 0.4  # those of Anserini, which the published baselines use
_CJK = f"[{HAN}{HANGUL}{KANA}]"
_STRETCH = re.compile(rf"(?P<unspaced>{_CJK}+)|(?P<word>(?:(?!{_CJK})[^\W_])+)")


def tokens(text: str) -> list[str]:
    """Words of letters and digits in lower case; Chinese, Korean and Japanese as overlapping pairs of characters."""
    found: list[str] = []
    for stretch in _STRETCH.finditer(normalize(text).text.lower()):
        found += [stretch["word"]] if stretch["word"] else _pairs(stretch["unspaced"])
    return found


class Characters:
    """BM25 over `tokens` of the passages; a floor for any search that knows words.

    Source: Robertson and Zaragoza 2009, in the form of Lucene; Lucene's analyzer for Chinese, Japanese and Korean makes
    the same pairs.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        passages = sorted(passages, key=lambda passage: passage.id)  # equal scores are ordered by id
        self._ids = [passage.id for passage in passages]
        counts = [Counter(tokens(passage.content)) for passage in passages]
        lengths = np.array([own.total() for own in counts], dtype=np.float64)
        self._saturation = K1 * (1 - B + B * lengths / (lengths.mean() or 1.0))
        holding: dict[str, list[tuple[int, int]]] = {}
        for row, own in enumerate(counts):
            for token, count in own.items():
                holding.setdefault(token, []).append((row, count))
        self._postings = {token: np.array(found, dtype=np.int32).T for token, found in holding.items()}

    def search_many(self, queries: Iterable[Query], top: int) -> Run:
        """The best passages of each query that has a token in common with any."""
        return {query.id: list(self._hits(query.text, top)) for query in queries}

    def _hits(self, text: str, top: int) -> Iterator[tuple[str, float]]:
        scores = self._scores(text)
        for row in best(scores, top):
            if scores[row] > 0:
                yield self._ids[row], float(scores[row])

    def _scores(self, text: str) -> np.ndarray:
        n = len(self._ids)
        scores = np.zeros(n)
        for token, count in Counter(tokens(text)).items():
            if token in self._postings:
                rows, inside = self._postings[token]
                rarity = np.log1p((n - len(rows) + 0.5) / (len(rows) + 0.5))
                scores[rows] += count * rarity * inside / (inside + self._saturation[rows])
        return scores


def _pairs(stretch: str) -> list[str]:
    return [stretch[place : place + 2] for place in range(len(stretch) - 1)] or [stretch]
