"""Examples of tasks: frozen rows that readers give and tasks learn from.

Offsets are Unicode code points of the text they stand beside, end exclusive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Label = str | float | tuple[str, ...]
"""A class, a number (regression), or the set of classes of a multi-label task; () is a text with none of them."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, or a pair of texts, with its label; None where the file has none (test sets).

    `group` is what several rows belong to and are decided together by: a document, a question.
    """

    id: str
    text: str
    label: Label | None = None
    pair: str = ""
    group: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entity:
    """A labelled stretch of a text; `concept_id` is the concept it was linked to, as the file writes it."""

    start: int
    end: int
    label: str
    concept_id: str = ""

    @property
    def span(self) -> tuple[int, int, str]:
        """The entity as `metrics.spans` counts it."""
        return self.start, self.end, self.label


@dataclass(frozen=True, slots=True)
class Triple:
    """A relation; the spans are None where the strings cannot be placed in the text.

    The strings are what the annotation says (CMeIE is scored on them); they may differ from the text in case.
    """

    subject: str
    predicate: str
    object: str
    subject_span: tuple[int, int] | None = None
    object_span: tuple[int, int] | None = None
    subject_type: str = ""
    object_type: str = ""

    @property
    def strings(self) -> tuple[str, str, str]:
        """The triple as `metrics.triples` counts it."""
        return self.subject, self.predicate, self.object


@dataclass(frozen=True, slots=True)
class Annotated:
    """A text with its entities, which may overlap, and relations.

    `tokens` are the spans of the file's own words or characters where it has such (CoNLL); `links` are relations
    between concepts rather than mentions: (type, concept_id, concept_id).
    """

    id: str
    text: str
    entities: tuple[Entity, ...] = ()
    triples: tuple[Triple, ...] = ()
    tokens: tuple[tuple[int, int], ...] = ()
    links: tuple[tuple[str, str, str], ...] = ()

    @property
    def spans(self) -> set[tuple[int, int, str]]:
        """The entities as `metrics.spans` counts them."""
        return {entity.span for entity in self.entities}


@dataclass(frozen=True, slots=True)
class Answer:
    """A stretch of a question's context."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends in the context."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a context.

    `answers` are placed in the context and train the model; `accepted` are the strings an answer is compared with,
    also those that are nowhere in the context. `impossible`: the annotation says that the context has no answer.
    """

    id: str
    question: str
    context: str
    answers: tuple[Answer, ...] = ()
    accepted: tuple[str, ...] = ()
    impossible: bool = False
    title: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A question with its options; `label` is the place of the right one, None where the file does not say."""

    id: str
    question: str
    options: tuple[str, ...]
    label: int | None = None
    context: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
