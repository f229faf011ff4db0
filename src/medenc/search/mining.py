"""Hard negatives: passages that a search ranks high for a query and that do not answer it.

Each filter drops candidates that may be unlabelled answers, and counts what it drops.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from medenc.core.errors import MedencError
from medenc.core.options import Options
from medenc.data.leaks import key, shingles
from medenc.data.records import Passage

Hits = Sequence[tuple[str, float]]
"""(passage id, score), best first."""


class Filters(Options):
    """Which candidates are no negatives; what is left out filters nothing.

    Source of `relative_margin`: Moreira et al. (NV-Retriever), 2024, whose share of the positive's score is restated so
    that it holds for negative scores, too.
    """

    skip_top: Annotated[int, Field(ge=0)] = 0  # the first candidates, which are the likeliest unlabelled answers
    margin: float | None = None  # least distance of the score below the positive's
    relative_margin: Annotated[float, Field(ge=0)] | None = None  # the same, as a share of the positive's score
    max_score: float | None = None
    near_duplicate: Annotated[float, Field(gt=0, le=1)] | None = 0.8  # shared 5-grams with a positive (Jaccard)
    concepts: tuple[str, ...] = ()  # metadata fields; a passage that shares a value with a positive is dropped

    def threshold(self, positive: float) -> float:
        """The score from which on a candidate is dropped, given the score of the query's weakest positive."""
        limits = [np.inf if self.max_score is None else self.max_score]
        if self.margin is not None:
            limits.append(positive - self.margin)
        if self.relative_margin is not None:
            limits.append(positive - abs(positive) * self.relative_margin)
        return float(min(limits))


@dataclass(frozen=True)
class Mined:
    """The negatives of one query, best first; `excess` is the score of the first one above the weakest positive's."""

    query_id: str
    hits: list[tuple[str, float]]
    excess: float


class Miner:
    """Chooses negatives among the candidates of a query.

    Args:
        passages: of the corpus, by id.
        filters: what drops a candidate.
        count: negatives of a query, at most.
        sampling: the highest ranked ones, or any of those that are left, drawn by the query's id alone.
        seed: of the drawing.
    """

    def __init__(
        self,
        passages: Mapping[str, Passage],
        filters: Filters,
        count: int,
        sampling: Literal["top", "random"],
        seed: int,
    ) -> None:
        self._passages, self._filters = passages, filters
        self._count, self._sampling, self._seed = count, sampling, seed
        self._content = lru_cache(maxsize=100_000)(self._key_and_shingles)
        self.dropped: Counter[str] = Counter()

    def choose(
        self, query_id: str, candidates: Hits, positives: Mapping[str, float], rejected: Collection[str] = ()
    ) -> Mined:
        """The negatives of a query.

        Args:
            query_id: of the query.
            candidates: what the search found.
            positives: the query's relevant passages with their scores in the same search.
            rejected: passages that a person has called an answer.
        """
        weakest = min(positives.values())
        threshold = self._filters.threshold(weakest)
        judge = self._judge(set(positives) | set(rejected), set(positives), threshold)
        left = []
        for rank, (id_, score) in enumerate(candidates):
            reason = "skip_top" if rank < self._filters.skip_top else judge(id_, score)
            if reason is None:
                left.append((id_, score))
            else:
                self.dropped[reason] += 1
        hits = self._sampled(query_id, left)
        return Mined(query_id, hits, hits[0][1] - weakest if hits else -np.inf)

    def _judge(
        self, known: Collection[str], positives: Iterable[str], threshold: float
    ) -> Callable[[str, float], str | None]:
        """Tells why a candidate is dropped, or None."""
        own = [self._content(id_) for id_ in positives]
        texts = {text for text, _ in own}
        concepts = set().union(*(self._concepts(id_) for id_ in positives))

        def reason(id_: str, score: float) -> str | None:
            if id_ in known:
                return "positive"
            if score >= threshold:
                return "score"
            if self._filters.concepts and self._concepts(id_) & concepts:
                return "concept"
            text, pieces = self._content(id_)
            if text in texts:
                return "same text"
            least = self._filters.near_duplicate
            if least is not None and any(_jaccard(pieces, other) >= least for _, other in own):
                return "near duplicate"
            return None

        return reason

    def _sampled(self, query_id: str, left: list[tuple[str, float]]) -> list[tuple[str, float]]:
        if self._sampling == "top" or len(left) <= self._count:
            return left[: self._count]
        drawn = random.Random(f"{self._seed}:{query_id}").sample(range(len(left)), self._count)
        return [left[place] for place in sorted(drawn)]

    def _concepts(self, id_: str) -> set[tuple[str, str]]:
        metadata = self._passage(id_).metadata
        return {(field, str(metadata[field])) for field in self._filters.concepts if metadata.get(field) is not None}

    def _passage(self, id_: str) -> Passage:
        if id_ not in self._passages:
            raise MedencError(f"the index has a document that the data has not: {id_}", hint="index that data's corpus")
        return self._passages[id_]

    def _key_and_shingles(self, id_: str) -> tuple[str, np.ndarray]:
        text = key(self._passage(id_).content)
        return text, shingles(text)


def _jaccard(one: np.ndarray, other: np.ndarray) -> float:
    both = np.intersect1d(one, other, assume_unique=True).size
    return both / (one.size + other.size - both)
