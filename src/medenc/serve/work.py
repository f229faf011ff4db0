"""What the computing thread does: items of one or many requests in, as many results out.

Equal works (same part of the served, same options) may be run together, so each is a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from medenc.api import READ_DOCUMENTS
from medenc.search.answer import Answer
from medenc.search.linker import Linked
from medenc.serve.served import Answered, Dictionary, LinkMode, Mode, Model, Role, SearchIndex, TaskModel, TextReader


@dataclass(frozen=True)
class Embed:
    """Texts to vectors with the tokens read of each; a long text is read in windows."""

    model: Model
    as_: Role | None

    def __call__(self, texts: list[str]) -> list[tuple[np.ndarray, int]]:
        """(vector, tokens) of each text."""
        embedded = self.model.embed(texts, as_=self.as_, on_overflow="window")
        return list(zip(embedded.vectors, embedded.tokens.tolist(), strict=True))


@dataclass(frozen=True)
class Search:
    """Queries to hits."""

    index: SearchIndex
    top: int
    mode: Mode | None
    where: str | None

    def __call__(self, queries: list[str]) -> Sequence[Answer]:
        """The answer to each query."""
        return self.index.search_batch(queries, top=self.top, mode=self.mode, where=self.where)


@dataclass(frozen=True)
class Ask:
    """Questions to verbatim sentences."""

    index: SearchIndex
    top: int

    def __call__(self, questions: list[str]) -> list[Answered]:
        """The answers to each question."""
        return [self.index.ask(question, top=self.top) for question in questions]


@dataclass(frozen=True)
class ReadFound:
    """Questions to verbatim answers, read out of the documents that a search finds."""

    index: SearchIndex
    reader: TextReader
    top: int

    def __call__(self, questions: list[str]) -> list[Answered]:
        """The answers to each question."""
        found = self.index.search_batch(questions, top=READ_DOCUMENTS, mode=None, where=None)
        documents = [[(hit.id, hit.text) for hit in answer.hits] for answer in found]
        return [self.reader.read(asked, own, self.top) for asked, own in zip(questions, documents, strict=True)]


@dataclass(frozen=True)
class Read:
    """Questions to verbatim answers, read out of the text beside each."""

    reader: TextReader
    top: int

    def __call__(self, asked: list[tuple[str, str]]) -> list[Answered]:
        """The answers to each question."""
        return [self.reader.read(question, [("", text)], self.top) for question, text in asked]


@dataclass(frozen=True)
class Link:
    """Mentions to concepts."""

    dictionary: Dictionary
    top: int
    mode: LinkMode | None

    def __call__(self, mentions: list[str]) -> list[dict[str, Any]]:
        """The documented form of each mention's candidates, with all names of each."""
        return [self._described(found) for found in self.dictionary.link(mentions, top=self.top, mode=self.mode)]

    def _described(self, found: Linked) -> dict[str, Any]:
        candidates = [one.to_json() | {"names": self.dictionary.names_of(one)} for one in found.candidates]
        return found.to_json() | {"candidates": candidates}


@dataclass(frozen=True)
class Predict:
    """Rows to predictions of a task."""

    model: TaskModel

    def __call__(self, rows: list[Any]) -> list[tuple[dict[str, Any], int, int]]:
        """(the documented form, tokens read, tokens not read) of each prediction."""
        found = self.model.predict_rows(rows, on_overflow="truncate")
        described = [self.model.to_json(prediction) for prediction in found.predictions]
        return list(zip(described, found.tokens, found.truncated, strict=True))
