"""Triples as predictions: found, scored, compared with those of the training rows, and printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from medenc.data.examples import Annotated
from medenc.decoding.entities import Entities, entities_json, gold_entities
from medenc.metrics import spans, triples

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class FoundTriple:
    """A relation that a model found; spans are characters of the original text, end exclusive."""

    subject: str
    predicate: str
    object: str
    subject_span: Span | None
    object_span: Span | None
    subject_type: str = ""
    object_type: str = ""
    score: float = 1.0

    @property
    def strings(self) -> tuple[str, str, str]:
        """As `metrics.triples` counts it."""
        return self.subject, self.predicate, self.object


@dataclass(frozen=True, slots=True)
class Related:
    """The prediction for a text."""

    entities: Entities
    triples: tuple[FoundTriple, ...]


def gold_related(row: Annotated) -> Related:
    """The row's own entities and triples, also those that have no place in the text."""
    found = tuple(
        FoundTriple(t.subject, t.predicate, t.object, t.subject_span, t.object_span, t.subject_type, t.object_type)
        for t in row.triples
    )
    return Related(gold_entities(row), found)


def related_scores(rows: Sequence[Annotated], predictions: Sequence[Related]) -> dict[str, float]:
    """Strict `f1`, `precision`, `recall` of triples by their strings (CMeIE's official measure), pooled over the rows.

    `span_f1` counts triples by their places (PaddleNLP's measure), `entity_f1` the entities.
    """
    by_strings = triples.strict(
        [{t.strings for t in row.triples} for row in rows], [{t.strings for t in own.triples} for own in predictions]
    )
    by_spans = triples.strict([_placed(row.triples) for row in rows], [_placed(own.triples) for own in predictions])
    entities = spans.strict([row.spans for row in rows], [{e.span for e in own.entities} for own in predictions])
    return {
        "f1": by_strings.f1,
        "precision": by_strings.precision,
        "recall": by_strings.recall,
        "span_f1": by_spans.f1,
        "entity_f1": entities.f1,
    }


def related_json(prediction: Related) -> dict[str, Any]:
    """`{"triples": [...], "entities": [...]}`."""
    found = [
        {
            "subject": t.subject,
            "predicate": t.predicate,
            "object": t.object,
            "subject_span": t.subject_span and list(t.subject_span),
            "object_span": t.object_span and list(t.object_span),
            "subject_type": t.subject_type,
            "object_type": t.object_type,
            "score": round(t.score, 6),
        }
        for t in prediction.triples
    ]
    return {"triples": found, **entities_json(prediction.entities)}


def dictionary_triples(train: Sequence[Annotated], rows: Sequence[Annotated]) -> list[Related]:
    """The triples of the training rows, wherever both their strings occur in a text."""
    known: Mapping[tuple[str, str, str], FoundTriple] = {
        t.strings: FoundTriple(*t.strings, None, None, t.subject_type, t.object_type)
        for row in train
        for t in row.triples
    }
    return [
        Related((), tuple(t for t in known.values() if t.subject in row.text and t.object in row.text)) for row in rows
    ]


def _placed(found: Sequence[Any]) -> set[tuple[Span, str, Span]]:
    return {(t.subject_span, t.predicate, t.object_span) for t in found if t.subject_span and t.object_span}
