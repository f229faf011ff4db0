"""Relations as predictions: found between places of a text, scored, and printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from medenc.data.examples import Annotated
from medenc.decoding.triples import FoundTriple
from medenc.metrics import triples as measures
from medenc.metrics.counts import Counts

Span = tuple[int, int]
Key = tuple[Span, str, Span]
Relations = tuple[FoundTriple, ...]


def gold_relations(row: Annotated) -> dict[Key, FoundTriple]:
    """The row's own relations that have a place in the text, in order, by what they are compared by."""
    found = {
        (t.subject_span, t.predicate, t.object_span): FoundTriple(
            t.subject, t.predicate, t.object, t.subject_span, t.object_span, t.subject_type, t.object_type
        )
        for t in row.triples
        if t.subject_span and t.object_span
    }
    return dict(sorted(found.items()))


def keys(prediction: Relations) -> set[Key]:
    """Predicted relations as they are compared: by place and predicate."""
    return {(t.subject_span, t.predicate, t.object_span) for t in prediction if t.subject_span and t.object_span}


def relation_json(triple: FoundTriple) -> dict[str, Any]:
    """The strings, where they stand, and how sure the model is."""
    spans = {"subject_span": triple.subject_span, "object_span": triple.object_span}
    return {
        "subject": triple.subject,
        "predicate": triple.predicate,
        "object": triple.object,
        **{name: list(span) for name, span in spans.items() if span},
        "subject_type": triple.subject_type,
        "object_type": triple.object_type,
        "score": round(triple.score, 6),
    }


def relation_scores(rows: Sequence[Annotated], predictions: Sequence[Relations]) -> dict[str, float]:
    """Strict `f1`, `precision` and `recall` of (subject span, predicate, object span), pooled over the rows."""
    counts = measures.strict(*_keys(rows, predictions))
    return {"f1": counts.f1, "precision": counts.precision, "recall": counts.recall}


def by_predicate(
    rows: Sequence[Annotated], predictions: Sequence[Relations], predicates: Sequence[str]
) -> dict[str, Counts]:
    """Strict counts of each predicate."""
    return measures.by_predicate(*_keys(rows, predictions), predicates)


def _keys(rows: Sequence[Annotated], predictions: Sequence[Relations]) -> tuple[list[set[Key]], list[set[Key]]]:
    return [set(gold_relations(row)) for row in rows], [keys(own) for own in predictions]
