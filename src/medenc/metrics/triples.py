"""Scores of relations as triples `(subject, predicate, object)`.

Subject and object may be strings, which is CMeIE's official definition, or spans, where a mention in the wrong place
is wrong; what is compared is what is given. Triples are sets per document.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence

from medenc.metrics.counts import Counts, matched, matched_by

Triple = tuple[Hashable, str, Hashable]
"""subject, predicate, object."""


def strict(gold: Sequence[Collection[Triple]], predicted: Sequence[Collection[Triple]]) -> Counts:
    """Counts of triples whose three parts all agree, pooled over documents (micro)."""
    return matched(gold, predicted)


def by_predicate(
    gold: Sequence[Collection[Triple]],
    predicted: Sequence[Collection[Triple]],
    predicates: Sequence[str] | None = None,
) -> dict[str, Counts]:
    """Strict counts for each predicate: those given, or those that occur."""
    return matched_by(lambda triple: triple[1], gold, predicted, predicates)
