"""Records: one row of data with named, typed fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Qrels = dict[str, dict[str, int]]
"""query_id -> passage_id -> grade; 0 is judged and irrelevant."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that can be found."""

    id: str
    text: str
    title: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def content(self) -> str:
        """What is indexed and encoded: the title on a line of its own, then the text."""
        return f"{self.title}\n{self.text}" if self.title and self.text else self.title or self.text


@dataclass(frozen=True, slots=True)
class Query:
    """A text that asks."""

    id: str
    text: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Name:
    """One name of a concept; `language` is `ko`, `zh`, `en` or empty when the file does not say."""

    concept_id: str
    term: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """A query with a passage that answers it, for training.

    `passage` and the texts of `negatives` (passage_id, content) are `Passage.content`. `concepts` says what the pair is
    about, `about` the same of passages among the negatives, by id, and `positives` holds every passage judged relevant
    to the query: in a batch, a passage that shares a concept or is among the positives is no negative.
    """

    query_id: str
    query: str
    passage_id: str
    passage: str
    negatives: tuple[tuple[str, str], ...] = ()
    concepts: frozenset[str] = frozenset()
    positives: frozenset[str] = frozenset()
    about: Mapping[str, frozenset[str]] = field(default_factory=dict)
