"""Pseudo-queries: a passage's title and sentences as queries that it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.layout import judgements
from medenc.data.records import Pair, Passage
from medenc.data.retrieval import load_qrels
from medenc.text.windows import sentences


class PseudoQueries(Plugin):
    """Pairs from passages alone.

    With `judged`, passages that answer one training query answer each other's pseudo-queries too: where they are in
    several languages, that teaches the words of one beside those of another. Nothing else is known of a passage, so
    that those which only a test query asks for stay apart. Source: the inverse cloze task of Lee et al., ACL 2019,
    with the sentence left in its passage.
    """

    parts: tuple[Literal["title", "sentence"], ...] = ("title",)
    judged: Path | None = None  # a BEIR folder
    split: str = "train"
    min_grade: int = Field(default=2, ge=1)

    def apply(self, records: Iterable[Passage]) -> Iterator[Pair]:
        """A pair for every title and sentence with every passage that answers it."""
        passages = {passage.id: passage for passage in map(_checked, records)}
        together = self._together()
        for passage in passages.values():
            answers = together.get(passage.id, {passage.id}) & passages.keys()
            for number, text in enumerate(self._texts(passage)):
                for id_ in sorted(answers):
                    yield Pair(f"{passage.id}#{number}", text, id_, passages[id_].content, positives=frozenset(answers))

    def _together(self) -> dict[str, set[str]]:
        """For each passage that a training query finds relevant: all that such queries find relevant with it."""
        together: dict[str, set[str]] = {}
        qrels = load_qrels(judgements(self.judged, self.split)) if self.judged else {}
        for grades in qrels.values():
            relevant = {id_ for id_, grade in grades.items() if grade >= self.min_grade}
            for id_ in relevant:
                together.setdefault(id_, set()).update(relevant)
        return together

    def _texts(self, passage: Passage) -> Iterator[str]:
        if "title" in self.parts and passage.title:
            yield passage.title
        if "sentence" in self.parts:
            yield from (passage.text[start:end] for start, end in sentences(passage.text))


def _checked(record: Passage) -> Passage:
    if not isinstance(record, Passage):
        found = type(record).__name__
        raise MedencError(f"expected passages, found a {found}", where="transform.pseudo_queries")
    return record
