"""Code-switching: copies of training pairs whose terms are named in another language."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.records import Pair
from medenc.data.sources import read_names
from medenc.data.switching import Lexicon, Particles


class CodeSwitch(Plugin):
    """Yields every pair, then its copies where a term was replaced; a copy keeps the ids of its pair.

    Source: the card of the Korean medical bi-encoder, whose one example shows `space`: the particle stays and a space
    parts it from the foreign term. `attach` writes no space, `drop` leaves the particle out.
    """

    terms: Path  # a terminology in any format with languages
    sides: tuple[Literal["query", "passage"], ...] = ("query",)
    particles: Particles = "space"
    languages: tuple[str, ...] = ("ko", "zh", "en")  # of the names put in
    copies: int = Field(default=1, ge=1)
    seed: int = 0

    def apply(self, records: Iterable[Pair]) -> Iterator[Pair]:
        """Pairs and their copies; the choice of names is a function of the seed and the row's place."""
        for row, pair in enumerate(records):
            if not isinstance(pair, Pair):
                raise MedencError(f"expected pairs, found a {type(pair).__name__}", where="transform.code_switch")
            yield pair
            seen = {(pair.query, pair.passage)}
            for copy in range(self.copies):
                switched = self._switched(pair, random.Random(f"{self.seed}:{row}:{copy}"))
                if (switched.query, switched.passage) not in seen:
                    seen.add((switched.query, switched.passage))
                    yield switched

    def _switched(self, pair: Pair, rng: random.Random) -> Pair:
        def switch(side: str, text: str) -> str:
            if side not in self.sides:
                return text
            return self._lexicon.switched(text, rng, self.particles, self.languages)

        return replace(pair, query=switch("query", pair.query), passage=switch("passage", pair.passage))

    @cached_property
    def _lexicon(self) -> Lexicon:
        return Lexicon(read_names(self.terms))
