"""Scores of entities: strict, by label, nested and partial.

An entity is `(start, end, label)` with offsets into the original text, end exclusive. Entities are sets per document,
so that nested and overlapping ones need no scheme of tags and none is lost before it is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from medenc.metrics.counts import Counts, matched, matched_by, mean_f1, same_length

Span = tuple[int, int, str]
"""start, end (exclusive), label."""


def strict(gold: Sequence[Collection[Span]], predicted: Sequence[Collection[Span]]) -> Counts:
    """Counts of entities whose start, end and label all agree, pooled over documents (micro)."""
    return matched(gold, predicted)


def by_label(
    gold: Sequence[Collection[Span]], predicted: Sequence[Collection[Span]], labels: Sequence[str] | None = None
) -> dict[str, Counts]:
    """Strict counts for each label: those given, or those that occur."""
    return matched_by(lambda span: span[2], gold, predicted, labels)


def macro_f1(
    gold: Sequence[Collection[Span]], predicted: Sequence[Collection[Span]], labels: Sequence[str] | None = None
) -> float:
    """Mean strict F1 of the labels. EBM PICO as BLURB scores it: every labelled word is a span of its own."""
    return mean_f1(by_label(gold, predicted, labels).values())


def nested_recall(gold: Sequence[Collection[Span]], predicted: Sequence[Collection[Span]]) -> float | None:
    """Strict recall of the gold entities that overlap another gold entity; None when there is none.

    A single row of tags cannot hold these, so this is what a nested scheme is for.
    """
    same_length(gold, predicted)
    overlapping = [_overlapping(set(spans)) for spans in gold]
    total = sum(len(spans) for spans in overlapping)
    found = sum(len(spans & set(guess)) for spans, guess in zip(overlapping, predicted, strict=True))
    return found / total if total else None


def partial(gold: Sequence[Collection[Span]], predicted: Sequence[Collection[Span]]) -> Counts:
    """Counts with half credit for an entity of the right label that only overlaps; each entity is used once.

    Exact matches are taken first, then as many overlapping pairs as possible: the best one-to-one assignment.
    Source: Segura-Bedmar et al. 2013, SemEval-2013 task 9, "partial boundary"; there labels are ignored, here they
    must agree.
    """
    same_length(gold, predicted)
    pairs = zip(gold, predicted, strict=True)
    return sum((_partial(set(wanted), set(found)) for wanted, found in pairs), Counts())


def _partial(gold: set[Span], predicted: set[Span]) -> Counts:
    exact = gold & predicted
    credit = len(exact) + _most_pairs(sorted(gold - exact), sorted(predicted - exact)) / 2
    return Counts(credit, len(predicted), len(gold))


def _most_pairs(gold: list[Span], predicted: list[Span]) -> int:
    """How many pairs of overlapping entities of one label can be formed (augmenting paths)."""
    candidates = [[j for j, b in enumerate(predicted) if a[2] == b[2] and _overlap(a, b)] for a in gold]
    partner: dict[int, int] = {}

    def place(i: int, tried: set[int]) -> bool:
        for j in candidates[i]:
            if j not in tried:
                tried.add(j)
                if j not in partner or place(partner[j], tried):
                    partner[j] = i
                    return True
        return False

    return sum(place(i, set()) for i in range(len(gold)))


def _overlapping(spans: set[Span]) -> set[Span]:
    return {a for a in spans if any(a != b and _overlap(a, b) for b in spans)}


def _overlap(a: Span, b: Span) -> bool:
    return a[0] < b[1] and b[0] < a[1]
