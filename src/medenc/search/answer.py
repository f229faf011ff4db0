"""What a search gives back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

Span = tuple[int, int]


@dataclass(frozen=True)
class Matched:
    """A term of the query in a document: its form, without particle or ending, and what it adds to the lexical score.

    `spans` are its places in the text; there is none when only the title has it.
    """

    term: str
    score: float
    spans: list[Span]


@dataclass(frozen=True)
class Synonym:
    """A name in a document, `term`, of the concept that the query names as `asked`.

    `spans` are its places in the text; there is none when only the title has it.
    """

    concept_id: str
    asked: str
    term: str
    spans: list[Span]


@dataclass(frozen=True)
class Hit:
    """A document that was found, and why: `highlights` are spans of `text` with a term of the query.

    `matched` has the terms one by one, the heaviest first; the safety net's are left out where a word covers them.
    `synonyms` are other names of what the query names, where the index was given a terminology.
    `window` is the part of `text` whose meaning is nearest to the query's, None where that search was not asked.
    """

    id: str
    rank: int  # from 1
    score: float
    title: str
    text: str
    metadata: Mapping[str, Any]
    highlights: list[Span]
    parts: Mapping[str, float | None]  # the lexical and the dense score, None where that search was not asked
    matched: list[Matched]
    window: Span | None
    synonyms: list[Synonym] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The documented form."""
        return {
            **vars(self),
            "metadata": dict(self.metadata),
            "highlights": [list(span) for span in self.highlights],
            "parts": dict(self.parts),
            "matched": [vars(one).copy() for one in self.matched],
            "synonyms": [vars(one).copy() for one in self.synonyms],
        }


@dataclass(frozen=True)
class Answer:
    """The hits of one query, ordered by score and, where scores are equal, by id."""

    query: str
    mode: str
    hits: list[Hit]
    timing_ms: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """The documented form."""
        hits = [hit.to_json() for hit in self.hits]
        return {"query": self.query, "mode": self.mode, "hits": hits, "timing_ms": dict(self.timing_ms)}


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that touch or overlap as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


class Clock:
    """Milliseconds of the parts of one search."""

    def __init__(self) -> None:
        self._began = self._last = perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """End a part."""
        now = perf_counter()
        self._laps[name], self._last = round(1000 * (now - self._last), 3), now

    def timing(self) -> dict[str, float]:
        """All parts, and the total."""
        return {**self._laps, "total": round(1000 * (self._last - self._began), 3)}
