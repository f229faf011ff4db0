"""What the server needs of an index and of a model; `search.index.Index` and `runtime.embedder.Embedder` are such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np

Mode = Literal["hybrid", "lexical", "dense"]
Role = Literal["query", "passage"]
Overflow = Literal["error", "window"]  # a served text is read whole or refused, never cut


class Answered(Protocol):
    """A result that knows its documented form."""

    def to_json(self) -> dict[str, Any]:
        """The documented form."""


class SearchIndex(Protocol):
    """Documents that can be searched; one thread at a time calls it."""

    def info(self) -> dict[str, Any]:
        """At least `documents`, how many there are, their `version`, and `modes`, those that it can search in."""

    def search(self, query: str, *, top: int, mode: Mode | None, where: str | None) -> Answered:
        """The best `top` hits; without a mode the best one that the index has."""

    def ask(self, question: str) -> Answered:
        """Verbatim answers with their source."""


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
