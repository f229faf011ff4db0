"""Training pairs from a BEIR folder: every query of a split with every passage that answers it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.reading import Rejects
from medenc.data.records import Pair, Passage, Query
from medenc.data.retrieval import load_beir, relevant_passages
from medenc.metrics.ranking import Run, read_trec


class Pairs(Plugin):
    """Pairs of a split, with mined negatives where a run file gives them."""

    gives: ClassVar[type] = Pair
    split: str = "train"
    min_grade: int = Field(default=1, ge=1)
    concepts: tuple[str, ...] = ()  # metadata fields, of the query or the passage, that say what a pair is about
    negatives: Path | None = None  # a TREC run file; its passages, but for the judged relevant, are the negatives
    random_negatives: int = Field(default=0, ge=0)  # any passages of the corpus, drawn by the query's id
    seed: int = 0  # of that drawing

    def read(self, path: Path, rejects: Rejects) -> Iterator[Pair]:
        """Yield the pairs in the order of the queries, then of the judgements."""
        data = load_beir(path, self.split, rejects)
        passages = {passage.id: passage for passage in data.passages}
        shown = {id_: (id_, passage.content) for id_, passage in passages.items()}  # each once, whoever shares it
        everything, known = list(passages), relevant_passages(data.queries, data.qrels)
        about = {id_: found for id_, passage in passages.items() if (found := self._concepts(passage))}
        mined = self._mined({query.id for query in data.queries})
        for query in data.queries:
            grades, relevant = data.qrels[query.id], known[query.id]
            answers = [id_ for id_, grade in grades.items() if grade >= self.min_grade]
            if not answers:
                rejects.filtered("a query without an answer of the least grade")
            ids = [id_ for id_, _ in mined.get(query.id, []) if id_ not in relevant]
            ids += self._drawn(query.id, everything, relevant.union(ids))
            if unknown := [id_ for id_ in ids if id_ not in shown]:
                raise MedencError(f"'{unknown[0]}' is a negative that is not in the corpus", where=self.negatives)
            negatives = tuple(shown[id_] for id_ in ids)
            for id_ in answers:
                passage, concepts = passages[id_], self._concepts(query) | about.get(id_, frozenset())
                yield Pair(query.id, query.text, id_, passage.content, negatives, concepts, relevant, about)

    def _mined(self, queries: set[str]) -> Run:
        """The passages of the run file. Raises: MedencError when it is of other queries."""
        mined = read_trec(self.negatives) if self.negatives else {}
        if self.negatives and not queries & mined.keys():
            raise MedencError(f"it names no query of the split '{self.split}'", where=self.negatives)
        return mined

    def _drawn(self, query_id: str, everything: list[str], taken: frozenset[str]) -> list[str]:
        """Random passages; as many more are drawn as may be taken already."""
        count = min(self.random_negatives + len(taken), len(everything)) if self.random_negatives else 0
        drawn = random.Random(f"{self.seed}:{query_id}").sample(everything, count)
        return [id_ for id_ in drawn if id_ not in taken][: self.random_negatives]

    def _concepts(self, source: Query | Passage) -> frozenset[str]:
        return frozenset(str(value) for name in self.concepts if (value := source.metadata.get(name)) is not None)
