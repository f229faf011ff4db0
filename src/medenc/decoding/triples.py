"""Triples out of marked cells: entities and relations that were scored together.

Two schemes. `linked` marks every entity by its first and last unit, every relation by the first units of both sides
and once more by the last ones: whatever nests or overlaps comes back. `published` (PaddleNLP's for CMeIE) marks starts,
ends and pairs of starts, and keeps one entity a start.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from medenc.decoding.entities import Entities
from medenc.decoding.probabilities import sigmoid
from medenc.decoding.related import FoundTriple, Span
from medenc.decoding.span_windows import Marked, Seen, decided

Link = tuple[Span, int, Span]
"""Subject, predicate, object; spans are first and last unit of a window."""


class Answer(NamedTuple):
    """What a window says: its entities (type, first, last), its links with their scores, and what it says of others.

    `asked` is of links that somebody asked about (`known_triples.Weighed`).
    """

    entities: Marked
    links: dict[Link, float]
    asked: tuple[Any, ...] = ()


def linked(entities: Marked, heads: Marked, tails: Marked) -> Answer:
    """Every pair of entities whose first units and whose last units are linked by one predicate.

    Args:
        entities: (type, first, last).
        heads: (predicate, first unit of the subject, first unit of the object); `tails` the same for the last units.

    Source: Su 2022, GPLinker (kexue.fm/archives/8888), after TPLinker, Wang et al. 2020.
    """
    best: dict[Span, float] = {}
    starting: dict[int, set[int]] = defaultdict(set)
    for (_, first, last), score in zip(entities.cells.tolist(), entities.scores.tolist(), strict=True):
        best[first, last] = max(score, best.get((first, last), -np.inf))
        starting[first].add(last)
    closing = dict(zip(map(tuple, tails.cells.tolist()), tails.scores.tolist(), strict=True))
    links: dict[Link, float] = {}
    for (predicate, i, j), score in zip(heads.cells.tolist(), heads.scores.tolist(), strict=True):
        for subject in ((i, last) for last in starting[i]):
            for target in ((j, last) for last in starting[j]):
                end = closing.get((predicate, subject[1], target[1]))
                if end is not None:
                    links[subject, predicate, target] = min(score, end, best[subject], best[target])
    return Answer(entities, links)


def published(starts: np.ndarray, ends: np.ndarray, relations: Marked, threshold: float) -> Answer:
    """Each start reaches to the nearest end that is not before it; relations link starts.

    Args:
        starts, ends: (units,) logits, marked above `threshold`.
        relations: (predicate, start of the subject, start of the object).

    Source: PaddleNLP's CMeIE predictor, whose threshold on the logits is 0.5.
    """
    closing = np.flatnonzero(ends > threshold)
    spans: dict[int, Span] = {}
    for start in np.flatnonzero(starts > threshold).tolist():
        place = int(np.searchsorted(closing, start))
        if place < len(closing):
            spans[start] = (start, int(closing[place]))
    sure = {start: float(min(starts[start], ends[end])) for start, end in spans.values()}
    links = {
        (spans[i], predicate, spans[j]): min(score, sure[i], sure[j])
        for (predicate, i, j), score in zip(relations.cells.tolist(), relations.scores.tolist(), strict=True)
        if i in spans and j in spans
    }
    cells = np.array([(0, *span) for span in spans.values()], dtype=np.int64).reshape(-1, 3)
    return Answer(Marked(cells, np.array([sure[start] for start in spans])), links)


def found_triples(
    text: str, windows: Sequence[Seen], answers: Sequence[Answer], entities: Entities, predicates: Sequence[str]
) -> tuple[FoundTriple, ...]:
    """The triples of a text in order, each from the window that decides about it.

    The type of a side is that of its surest entity.
    """
    types = {entity.span[:2]: entity.label for entity in sorted(entities, key=lambda entity: entity.score)}
    found = []
    for number, (window, answer) in enumerate(zip(windows, answers, strict=True)):
        links = list(answer.links)
        reach = np.array([(min(a[0], b[0]), max(a[1], b[1])) for a, _, b in links], dtype=np.int64).reshape(-1, 2)
        own = decided(windows, number, window.first + reach[:, 0], window.first + reach[:, 1])
        found += [
            _triple(text, window, link, answer.links[link], types, predicates[link[1]])
            for link, ours in zip(links, own, strict=True)
            if ours
        ]
    return tuple(sorted(found, key=lambda t: (t.subject_span, t.object_span, t.predicate)))


def _triple(text: str, window: Seen, link: Link, score: float, types: dict[Span, str], predicate: str) -> FoundTriple:
    sides = [(int(window.spans[first, 0]), int(window.spans[last, 1])) for first, last in (link[0], link[2])]
    subject, target = sides
    ours, theirs = (types.get(side, "") for side in sides)
    sure = float(sigmoid(np.array(score)))
    return FoundTriple(text[slice(*subject)], predicate, text[slice(*target)], subject, target, ours, theirs, sure)
