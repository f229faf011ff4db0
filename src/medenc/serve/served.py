"""What is served, and what the server needs of each part: `Index`, `Embedder`, `Predictor` and `Linker` are such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np

from medenc.data.records import Passage
from medenc.search.answer import Answer
from medenc.search.linker import Candidate, Linked
from medenc.serve.keys import Keys

Mode = Literal["hybrid", "lexical", "dense"]
LinkMode = Literal["fused", "dense", "lexical"]
Role = Literal["query", "passage"]
Overflow = Literal["error", "window"]  # a served text is read whole or refused, never cut


class Answered(Protocol):
    """A result that knows its documented form."""

    def to_json(self) -> dict[str, Any]:
        """The documented form."""


class SearchIndex(Protocol):
    """Documents that can be searched; `search_batch` and `ask` are called by one thread at a time."""

    @property
    def modes(self) -> Sequence[str]:
        """The ways to search, the best first."""

    def info(self) -> dict[str, Any]:
        """At least `documents`, how many there are, their `version`, and `modes`, those that it can search in."""

    def search_batch(
        self, queries: Sequence[str], *, top: int, mode: Mode | None, where: str | None
    ) -> Sequence[Answer]:
        """The best `top` hits of each query; without a mode the best one that the index has."""

    def ask(self, question: str, top: int) -> Answered:
        """Verbatim answers with their source."""

    def document(self, id_: str) -> Passage | None:
        """The document of an id."""

    def sampled(self, most: int) -> tuple[list[Passage], np.ndarray]:
        """At most `most` documents, evenly chosen, with a vector each, (m, d); d is 0 without a model."""


class Embedded(Protocol):
    """Texts that were embedded."""

    @property
    def vectors(self) -> np.ndarray:
        """(n, dimension) float32."""

    @property
    def tokens(self) -> np.ndarray:
        """(n,) tokens read of each text."""


class Model(Protocol):
    """An embedding model; one thread at a time calls it."""

    fingerprint: str

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""

    @property
    def max_tokens(self) -> int:
        """Tokens that it reads of a text."""

    @property
    def similarity_name(self) -> str:
        """`cosine`, `dot` or `l2`."""

    def embed(self, texts: Sequence[str], as_: Role | None, on_overflow: Overflow) -> Embedded:
        """Vectors of the texts in a role."""


class Predictions(Protocol):
    """What a task model says of some rows."""

    @property
    def predictions(self) -> Sequence[Any]:
        """One a row."""

    @property
    def tokens(self) -> Sequence[int]:
        """That the model read of each row."""

    @property
    def truncated(self) -> Sequence[int]:
        """That it did not read."""


class RowTask(Protocol):
    """The task of a model."""

    def row(self, id_: str, value: str | Mapping[str, Any]) -> Any:
        """The row that an input means. Raises: MedencError for a missing or wrong field."""


class TaskModel(Protocol):
    """A model with labels and predictions; one thread at a time calls `predict_rows`."""

    @property
    def fingerprint(self) -> str:
        """Names what decides a prediction."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """At least `use`, the task's name."""

    @property
    def labels(self) -> Sequence[str]:
        """What it tells apart."""

    @property
    def max_tokens(self) -> int:
        """Tokens that it reads at once."""

    @property
    def task(self) -> RowTask:
        """What it was trained for."""

    def predict_rows(self, rows: Sequence[Any], on_overflow: Literal["truncate"]) -> Predictions:
        """Predictions, with what was read and what was not."""

    def to_json(self, prediction: Any) -> dict[str, Any]:
        """The documented form of a prediction."""


class TextReader(Protocol):
    """A question answering model; one thread at a time calls it."""

    def read(self, question: str, documents: Sequence[tuple[str, str]], top: int) -> Answered:
        """Verbatim answers out of documents, id and text of each."""


class Dictionary(Protocol):
    """Names of concepts; one thread at a time calls `link`."""

    @property
    def modes(self) -> Sequence[str]:
        """The ways to link, the best first."""

    def info(self) -> dict[str, Any]:
        """How many `names` and `concepts` there are."""

    def link(self, mentions: Sequence[str], top: int, mode: LinkMode | None) -> Sequence[Linked]:
        """The concepts of each mention."""

    def names_of(self, candidate: Candidate) -> list[dict[str, str]]:
        """All names of a candidate, `{"term", "language"}` each."""


@dataclass(frozen=True)
class Served:
    """All that answers requests; it never changes, a reload puts another one in its place."""

    index: SearchIndex | None = None
    models: Mapping[str, Model] = field(default_factory=dict)
    tasks: Mapping[str, TaskModel] = field(default_factory=dict)
    dictionary: Dictionary | None = None
    manifests: Sequence[Mapping[str, Any]] = ()  # of what is served and of the reports on it
    keys: Keys | None = None  # without any, everybody who reaches the server may ask
    readers: Mapping[str, TextReader] = field(default_factory=dict)  # the tasks that answer questions
