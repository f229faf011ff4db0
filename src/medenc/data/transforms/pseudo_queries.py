"""Pseudo-queries: a passage's title and sentences as queries that it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.records import Pair, Passage
from medenc.text.windows import sentences


class PseudoQueries(Plugin):
    """Pairs from passages alone.

    Where passages in several languages treat one topic, `topic` makes each answer the others' pseudo-queries too: that
    teaches the words of one language beside those of another. Source: the inverse cloze task of Lee et al., ACL 2019,
    with the sentence left in its passage.
    """

    parts: tuple[Literal["title", "sentence"], ...] = ("title",)
    topic: str | None = None  # a metadata field; passages that share its value answer each other's queries

    def apply(self, records: Iterable[Passage]) -> Iterator[Pair]:
        """A pair for every title and sentence with every passage that answers it."""
        passages = [_checked(passage) for passage in records]
        topics: dict[str, list[Passage]] = {}
        for passage in passages:
            topics.setdefault(self._topic(passage), []).append(passage)
        for passage in passages:
            topic = self._topic(passage)
            relevant = frozenset(answer.id for answer in topics[topic])
            for number, text in enumerate(self._texts(passage)):
                for answer in topics[topic]:
                    yield Pair(
                        f"{passage.id}#{number}",
                        text,
                        answer.id,
                        answer.content,
                        concepts=frozenset({topic}),
                        positives=relevant,
                    )

    def _topic(self, passage: Passage) -> str:
        """What a passage is about; without a shared topic, itself."""
        value = passage.metadata.get(self.topic) if self.topic is not None else None
        return f"passage {passage.id}" if value is None else f"{self.topic} {value}"

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
