"""The documents of one version, ready to be searched."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from medenc.search.nearby import Nearby
from medenc.search.settings import Settings
from medenc.search.snapshot import Snapshot
from medenc.text.terms import NET_PREFIX, is_net

HIGHLIGHT_SHARE = 0.1  # of the heaviest term's weight: a lighter one ("the") explains nothing

Forms = Mapping[int, str]
"""Terms by their numbers in the vocabulary."""


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
        self._nearby = Nearby(self.documents, snapshot.lists) if snapshot.lists else None

    def rows(self, ids: Iterable[str]) -> np.ndarray:
        """The rows of documents, ascending."""
        return np.array(sorted(self._places[id_] for id_ in ids), dtype=np.int64)

    def scored(
        self, queries: Sequence[Sequence[str]], vectors: np.ndarray | None, *, words: bool, exact: bool = False
    ) -> Iterator[tuple[dict[int, int], Scores]]:
        """The terms of each query and its scores.

        Args:
            queries: the terms of each.
            vectors: (q, d), for a search by meaning.
            words: whether to search by words.
            exact: look at every document, however many there are.
        """
        nearby = None if exact or vectors is None else self._nearby
        meanings = self.dense.scores(vectors) if vectors is not None and nearby is None else None
        for place, forms in enumerate(queries):
            terms = self.lexical.query(forms)
            lexical = self.lexical.scores(terms) if words else None
            dense = None if meanings is None else meanings[place]
            if nearby is not None and vectors is not None:
                dense = nearby.scores(vectors[place], self._by_words(lexical))
            yield terms, Scores(lexical, dense, self.lexical.attainable(forms))

    def rank(self, scores: Scores, top: int, rows: np.ndarray | None = None) -> Ranking:
        """The best documents; `rows` leaves all others out, as if the index did not have them."""
        scores = scores if rows is None else scores.at(rows)
        total = fused(scores, self._fusion)
        places = best(total, top)
        if scores.lexical is not None and (scores.dense is None or not self._fusion.dense):
            places = places[scores.lexical[places] > 0]
        return Ranking(places if rows is None else rows[places], total[places], scores.at(places))

    def totals(self, scores: Scores, ids: Iterable[str]) -> np.ndarray:
        """The scores that `rank` gives some documents, in the order of `ids`."""
        if unknown := [id_ for id_ in ids if id_ not in self._places]:
            raise MedencError(f"{len(unknown)} judged documents are not in the index, such as {unknown[0]}")
        return fused(scores, self._fusion)[[self._places[id_] for id_ in ids]]

    def hits(self, ranking: Ranking, query: Mapping[int, int], vector: np.ndarray | None = None) -> list[Hit]:
        """The ranked documents with what makes them plausible: the query's terms with their counts, and its vector."""
        telling = self._telling(query)
        added = self.lexical.additions({number: query[number] for number in telling}, ranking.rows)
        shown = np.zeros(len(self.documents.vocabulary), bool)
        shown[list(telling)] = True
        return [
            self._hit(ranking, place, self._matched(int(row), telling, shown, added[:, place].tolist()), vector)
            for place, row in enumerate(ranking.rows)
        ]

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

    def _by_words(self, lexical: np.ndarray | None) -> np.ndarray:
        """The rows of the best documents by words, of those that have one."""
        found = np.empty(0, np.int64) if lexical is None else np.flatnonzero(lexical)
        return found if lexical is None else found[best(lexical[found], self._fusion.depth)]

    def _hit(self, ranking: Ranking, place: int, matched: list[Matched], vector: np.ndarray | None) -> Hit:
        row, documents, parts = int(ranking.rows[place]), self.documents, ranking.parts
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

    def _matched(self, row: int, telling: Forms, shown: np.ndarray, added: Sequence[float]) -> list[Matched]:
        """The telling terms that a document holds, the heaviest first.

        `shown` (v,) tells whether a term of the vocabulary is telling, `added` what each telling one adds to the score.
        """
        places, shift = self.documents.terms[row], self._shift(row)
        spans: dict[int, list[Span]] = {number: [] for number in telling}
        for number, start, end in places[shown[places[:, 0]]].tolist():
            spans[number].append((start, end))
        nets = {number for number, form in telling.items() if is_net(form)}
        words = merged(span for number in telling.keys() - nets for span in spans[number]) if nets else []
        found = []
        for (number, form), score in zip(telling.items(), added, strict=True):
            own = spans[number]
            if own and not (number in nets and all(_covered(span, words) for span in own)):
                in_text = [(start - shift, end - shift) for start, end in own if start >= shift]
                found.append(Matched(form.removeprefix(NET_PREFIX), score, in_text))
        return sorted(found, key=lambda one: (-one.score, one.term))

    def _window(self, row: int, vector: np.ndarray) -> Span:
        """The window of the text that is nearest to a vector."""
        start, end = self.dense.window(vector, row)
        shift = self._shift(row)
        return max(0, start - shift), max(0, end - shift)

    def _telling(self, query: Mapping[int, int]) -> Forms:
        """The terms of a query that are worth showing: the heavy ones, and no stray character of the safety net."""
        forms = {number: self.documents.vocabulary.text(number) for number in query}
        strays = {number for number, form in forms.items() if _is_stray(form)}
        weights = {number: self.lexical.weight(number) for number in query.keys() - strays or query}
        least = HIGHLIGHT_SHARE * max(weights.values(), default=0)
        return {number: forms[number] for number, weight in weights.items() if weight >= least}

    def _shift(self, row: int) -> int:
        """Where the text begins in the content, in characters; see `Passage.content`."""
        title, text = self.documents.titles.text(row), self.documents.texts[row]
        return len(title) + bool(title and len(text))


def _is_stray(form: str) -> bool:
    """Whether a term is a single character of the safety net, which is in many other words."""
    return is_net(form) and len(form) == len(NET_PREFIX) + 1


def _covered(span: Span, others: Iterable[Span]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in others)
