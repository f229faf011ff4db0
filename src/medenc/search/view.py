"""The documents of one version, ready to be searched."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from medenc.core.errors import MedencError
from medenc.data.records import Passage
from medenc.search.answer import Hit, Matched, Span, merged
from medenc.search.dense import Dense
from medenc.search.evidence import Source
from medenc.search.fusion import Scores, best, fused
from medenc.search.lexical import Lexical
from medenc.search.settings import Settings
from medenc.search.snapshot import Snapshot
from medenc.text.terms import NET_PREFIX, is_net

HIGHLIGHT_SHARE = 0.1  # of the heaviest term's weight: a lighter one ("the") explains nothing


@dataclass(frozen=True)
class Ranking:
    """Rows of the best documents, best first, with their scores in all and by each search."""

    rows: np.ndarray
    total: np.ndarray
    parts: Scores


class View:
    """One snapshot and its settings; nothing of it ever changes."""

    def __init__(self, snapshot: Snapshot, settings: Settings) -> None:
        self.snapshot, self.documents, self._fusion = snapshot, snapshot.documents, settings.fusion
        self.lexical = Lexical(self.documents, settings.lexical)
        self.dense = Dense(self.documents, settings.model.similarity if settings.model else "dot")

    def rows(self, ids: Iterable[str]) -> np.ndarray:
        """The rows of documents, ascending."""
        return np.array(sorted(self._places[id_] for id_ in ids), dtype=np.int64)

    def rank(self, scores: Scores, top: int, rows: np.ndarray | None = None) -> Ranking:
        """The best documents; `rows` leaves all others out, as if the index did not have them."""
        rows = np.arange(len(self.documents)) if rows is None else rows
        scores = scores.at(rows)
        total = fused(scores, self._fusion)
        places = best(total, top)
        if scores.lexical is not None and (scores.dense is None or not self._fusion.dense):
            places = places[scores.lexical[places] > 0]
        return Ranking(rows[places], total[places], scores.at(places))

    def totals(self, scores: Scores, ids: Iterable[str]) -> np.ndarray:
        """The scores that `rank` gives some documents, in the order of `ids`."""
        if unknown := [id_ for id_ in ids if id_ not in self._places]:
            raise MedencError(f"{len(unknown)} judged documents are not in the index, such as {unknown[0]}")
        return fused(scores, self._fusion)[[self._places[id_] for id_ in ids]]

    def hits(self, ranking: Ranking, query: Mapping[int, int], vector: np.ndarray | None = None) -> list[Hit]:
        """The ranked documents with what makes them plausible: the query's terms with their counts, and its vector."""
        telling = {term: query[term] for term in self._telling(query).tolist()}
        return [self._hit(ranking, place, telling, vector) for place in range(len(ranking.rows))]

    def source(self, row: int) -> Source:
        """A document as evidence sees it."""
        documents = self.documents
        return Source(documents.ids.text(row), documents.texts.text(row), self._shift(row), documents.terms[row])

    def passage(self, row: int) -> Passage:
        """A document as it was added."""
        own = self.documents
        return Passage(own.ids.text(row), own.texts.text(row), own.titles.text(row), json.loads(own.metadata.text(row)))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {id_: row for row, id_ in enumerate(self.documents.ids.texts())}

    def _hit(self, ranking: Ranking, place: int, telling: Mapping[int, int], vector: np.ndarray | None) -> Hit:
        row, documents, parts = int(ranking.rows[place]), self.documents, ranking.parts
        matched = self._matched(row, telling)
        return Hit(
            id=documents.ids.text(row),
            rank=place + 1,
            score=float(ranking.total[place]),
            title=documents.titles.text(row),
            text=documents.texts.text(row),
            metadata=json.loads(documents.metadata.text(row)),
            highlights=merged(span for one in matched for span in one.spans),
            parts={
                "lexical": None if parts.lexical is None else float(parts.lexical[place]),
                "dense": None if parts.dense is None else float(parts.dense[place]),
            },
            matched=matched,
            window=None if vector is None else self._window(row, vector),
        )

    def _matched(self, row: int, telling: Mapping[int, int]) -> list[Matched]:
        """The telling terms that a document holds, the heaviest first."""
        places, shift = self.documents.terms[row], self._shift(row)
        places = places[np.isin(places[:, 0], list(telling))]
        words = merged((start, end) for term, start, end in places.tolist() if not is_net(self._form(term)))
        found = []
        for term in np.unique(places[:, 0]).tolist():
            spans = [(start, end) for number, start, end in places.tolist() if number == term]
            if not is_net(self._form(term)) or not all(_covered(span, words) for span in spans):
                in_text = [(start - shift, end - shift) for start, end in spans if start >= shift]
                score = self.lexical.addition(term, telling[term], row)
                found.append(Matched(self._form(term).removeprefix(NET_PREFIX), score, in_text))
        return sorted(found, key=lambda one: (-one.score, one.term))

    def _window(self, row: int, vector: np.ndarray) -> Span:
        """The window of the text that is nearest to a vector."""
        start, end = self.dense.window(vector, row)
        shift = self._shift(row)
        return max(0, start - shift), max(0, end - shift)

    def _form(self, term: int) -> str:
        return self.documents.vocabulary.text(term)

    def _telling(self, query: Mapping[int, int]) -> np.ndarray:
        """The terms of a query that are worth showing: the heavy ones, and no stray character of the safety net."""
        strays = {term for term in query if _is_stray(self._form(term))}
        weights = {term: self.lexical.weight(term) for term in query.keys() - strays or query}
        least = HIGHLIGHT_SHARE * max(weights.values(), default=0)
        return np.array([term for term, weight in weights.items() if weight >= least], dtype=np.int32)

    def _shift(self, row: int) -> int:
        """Where the text begins in the content, in characters; see `Passage.content`."""
        title, text = self.documents.titles.text(row), self.documents.texts[row]
        return len(title) + bool(title and len(text))


def _is_stray(form: str) -> bool:
    """Whether a term is a single character of the safety net, which is in many other words."""
    return is_net(form) and len(form) == len(NET_PREFIX) + 1


def _covered(span: Span, others: Iterable[Span]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in others)
