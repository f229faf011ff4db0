"""Term queries: names of the concepts that a passage mentions, in any language, as queries that it answers."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from pydantic import Field

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.records import Pair, Passage
from medenc.data.sources import read_names
from medenc.data.switching import Lexicon


class TermQueries(Plugin):
    """Pairs of passages with keyword queries that a terminology makes for them.

    A query names one to `most` of the passage's concepts, in one language, which need not be the passage's. That
    teaches an encoder to find a passage by its concepts across languages, from nothing but the terminology.
    """

    terms: Path  # a terminology in any format with languages
    languages: tuple[str, ...] = Field(default=("ko", "zh", "en"), min_length=1)
    copies: int = Field(default=3, ge=1)  # queries tried a passage; equal ones count once
    most: int = Field(default=3, ge=1)
    seed: int = 0

    def apply(self, records: Iterable[Passage]) -> Iterator[Pair]:
        """The pairs; they are a function of the seed and the passage's id."""
        for passage in records:
            if not isinstance(passage, Passage):
                found = type(passage).__name__
                raise MedencError(f"expected passages, found a {found}", where="transform.term_queries")
            rng = random.Random(f"{self.seed}:{passage.id}")
            asked = (self._lexicon.asked(passage.content, rng, self.languages, self.most) for _ in range(self.copies))
            for number, query in enumerate(sorted({query for query in asked if query})):
                yield Pair(f"{passage.id}#terms{number}", query, passage.id, passage.content)

    @cached_property
    def _lexicon(self) -> Lexicon:
        return Lexicon(read_names(self.terms))
