"""Pseudo-queries: a passage's title and sentences as queries that it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.records import Pair, Passage
from medenc.text.windows import sentences


class PseudoQueries(Plugin):
    """Pairs from passages alone. Source: the inverse cloze task of Lee et al., ACL 2019, with the sentence kept."""

    parts: tuple[Literal["title", "sentence"], ...] = ("title",)
    concepts: tuple[str, ...] = ()  # metadata fields that say what a passage is about

    def apply(self, records: Iterable[Passage]) -> Iterator[Pair]:
        """A pair for every title, then for every sentence."""
        for passage in records:
            if not isinstance(passage, Passage):
                found = type(passage).__name__
                raise MedencError(f"expected passages, found a {found}", where="transform.pseudo_queries")
            about = (passage.metadata.get(field) for field in self.concepts)
            concepts = frozenset(str(value) for value in about if value is not None)
            for number, text in enumerate(self._texts(passage)):
                query_id = f"{passage.id}#{number}"
                yield Pair(query_id, text, passage.id, passage.content, concepts=concepts)

    def _texts(self, passage: Passage) -> Iterator[str]:
        if "title" in self.parts and passage.title:
            yield passage.title
        if "sentence" in self.parts:
            yield from (passage.text[start:end] for start, end in sentences(passage.text))
