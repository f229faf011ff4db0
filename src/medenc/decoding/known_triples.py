"""Triples that the training rows annotate: found again in texts, and trusted as far as other rows bear them out.

What the model says of a known triple and what the rows say of it are added up: a triple that is mostly annotated where
its two sides stand needs less from the model than a new one, and one that the model finds impossible is not given.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from pydantic import Field

from medenc.core.options import Options
from medenc.data.examples import Annotated
from medenc.decoding.entities import Found
from medenc.decoding.names import Gazetteer, folded
from medenc.decoding.related import FoundTriple, Related, Span
from medenc.decoding.span_windows import Seen, decided
from medenc.decoding.triples import Answer, Link

Strings = tuple[str, str, str]
"""Subject, predicate and object; the sides are folded."""


class KnownTriple(Options):
    """A triple of the training rows, and how far it is trusted where both its sides stand (`known_triples`)."""

    subject: str = Field(min_length=1)
    predicate: str
    object: str = Field(min_length=1)
    trust: float = Field(ge=0, le=1)
    subject_type: str = ""  # that it has most often, if any
    object_type: str = ""


class Candidate(NamedTuple):
    """A known triple with the places where it may stand in a window, and how far it is trusted."""

    triple: Strings
    links: list[Link]
    trust: float


class Weighed(NamedTuple):
    """What the model says of a known triple at its likeliest places in a window; spans are characters of the text."""

    triple: Strings
    subject: Span
    object: Span
    score: float
    trust: float
    given: bool  # whether the model has found it in the window by itself


class Finder:
    """Finds triples in texts by their sides, at the borders of words."""

    def __init__(self, trust: Mapping[Strings, float]) -> None:
        """`trust`: how far each triple is trusted."""
        self.trust = trust
        self._beginning: dict[str, list[Strings]] = defaultdict(list)
        for triple in trust:
            self._beginning[triple[0]].append(triple)
        sides = [side for subject, _, target in trust for side in (subject, target)]
        self._sides = Gazetteer(dict.fromkeys(sides, ""), shortest=1)

    def find(self, text: str) -> Iterator[tuple[Strings, list[Span], list[Span]]]:
        """Every triple whose two sides stand in the text, with the places of either in its characters."""
        form, places = folded(text), defaultdict[str, list[Span]](list)
        for start, end in self._sides.places(form.text):
            places[form.text[start:end]].append(form.span(start, end))
        for subject, own in places.items():
            for triple in self._beginning.get(subject, ()):
                if triple[2] in places:
                    yield triple, own, places[triple[2]]


def known_triples(rows: Sequence[Annotated]) -> list[KnownTriple]:
    """The triples of training rows, each trusted as the other rows allow.

    A row where both sides stand is asked when another row annotates the triple, which is where it is known from. One
    answer's weight draws the trust to the share of all triples, which is that of a triple that no other row was asked.
    """
    stands, annotated = _counts(rows)
    right = {triple: count if count > 1 else 0 for triple, count in annotated.items()}
    asked = {triple: stands[triple] if count > 1 else stands[triple] - 1 for triple, count in annotated.items()}
    share = (sum(right.values()) + 0.5) / (sum(asked.values()) + 1)
    types = _types(rows)
    return [
        KnownTriple(
            subject=triple[0],
            predicate=triple[1],
            object=triple[2],
            trust=(right[triple] + share) / (asked[triple] + 1),
            subject_type=types[triple][0],
            object_type=types[triple][1],
        )
        for triple in sorted(annotated)
    ]


def candidates(text: str, windows: Sequence[Seen], finder: Finder, predicates: Sequence[str]) -> list[list[Candidate]]:
    """For every window the known triples with those of their places that it decides about."""
    found: list[list[Candidate]] = [[] for _ in windows]
    for triple, *sides in finder.find(text):
        if triple[1] in predicates:
            for number, own in enumerate(found):
                if links := _links(windows, number, predicates.index(triple[1]), sides):
                    own.append(Candidate(triple, links, finder.trust[triple]))
    return found


def weighed(
    answer: Answer, scores: Mapping[str, np.ndarray], known: Sequence[Candidate], window: Seen
) -> Iterator[Weighed]:
    """What the model says of the known triples that may stand in a window.

    Args:
        answer: what it has found there by itself.
        scores: of the cells of units: `entities`, `heads`, `tails`, each (matrices, units, units).
    """
    for triple, links, trust in known:
        best = max(links, key=lambda link: _score(scores, link))
        subject, target = ((int(window.spans[i, 0]), int(window.spans[k, 1])) for i, k in (best[0], best[2]))
        given = any(link in answer.links for link in links)
        yield Weighed(triple, subject, target, _score(scores, best), trust, given)


def recalled(
    text: str,
    found: Related,
    known: Iterable[Weighed],
    types: Mapping[Strings, tuple[str, str]],
    weight: float,
    threshold: float,
) -> Related:
    """What was found in a text, with the known triples that are above `threshold` when `weight` x trust is added.

    Each stands once, at its likeliest places in all windows, and not where the model has found it by itself. Its
    probability, and that of a side that was no entity before, is its trust.

    Args:
        types: of the sides of each known triple, for those that were no entities.
    """
    best: dict[Strings, Weighed] = {}
    given = set[Strings]()
    for one in known:
        given |= {one.triple} if one.given else set()
        if one.score + weight * one.trust > threshold:
            best[one.triple] = max(best.get(one.triple, one), one, key=lambda own: own.score)
    entities = {(entity.start, entity.end): entity for entity in sorted(found.entities, key=lambda own: own.score)}
    more, triples = list[Found](), list(found.triples)
    for one in sorted((own for own in best.values() if own.triple not in given), key=lambda own: -own.trust):
        for type_, span in zip(types[one.triple], (one.subject, one.object), strict=True):
            if span not in entities:
                entities[span] = Found(*span, type_, text[slice(*span)], one.trust)
                more.append(entities[span])
        subject, target = entities[one.subject], entities[one.object]
        places = subject.span[:2], target.span[:2]
        triples.append(
            FoundTriple(subject.text, one.triple[1], target.text, *places, subject.label, target.label, one.trust)
        )
    in_order = sorted(triples, key=lambda t: (t.subject_span, t.object_span, t.predicate))
    return Related(tuple(sorted((*found.entities, *more), key=lambda own: own.span)), tuple(in_order))


def _counts(rows: Sequence[Annotated]) -> tuple[Counter[Strings], Counter[Strings]]:
    """In how many rows the sides of each triple stand, and in how many of these it is annotated."""
    noted = [{_folded(triple.strings) for triple in row.triples} for row in rows]
    finder = Finder(dict.fromkeys(sorted(set().union(*noted)), 0.0))
    stands, annotated = Counter[Strings](), Counter[Strings]()
    for row, own in zip(rows, noted, strict=True):
        there = {triple for triple, _, _ in finder.find(row.text)}
        stands.update(there)
        annotated.update(there & own)
    return stands, annotated


def _types(rows: Sequence[Annotated]) -> dict[Strings, tuple[str, str]]:
    """The pair of types that each triple has most often."""
    counts: dict[Strings, Counter[tuple[str, str]]] = defaultdict(Counter)
    for row in rows:
        labels = {entity.span[:2]: entity.label for entity in row.entities}
        for one in row.triples:
            sides = ((one.subject_type, one.subject_span), (one.object_type, one.object_span))
            subject, target = (type_ or labels.get(span or (0, 0), "") for type_, span in sides)
            counts[_folded(one.strings)][subject, target] += 1
    return {triple: min(own, key=lambda pair: (-own[pair], pair)) for triple, own in counts.items()}


def _folded(strings: Strings) -> Strings:
    return folded(strings[0]).text, strings[1], folded(strings[2]).text


def _links(windows: Sequence[Seen], number: int, predicate: int, sides: Sequence[Sequence[Span]]) -> list[Link]:
    """The pairs of places that a window decides about, in its units."""
    window = windows[number]
    subjects, objects = (
        [units for place in _inside(own, window) if (units := window.units_of(*place))] for own in sides
    )
    pairs = [(a, b) for a in subjects for b in objects if a != b]
    reach = np.array([(min(a[0], b[0]), max(a[1], b[1])) for a, b in pairs], dtype=np.int64).reshape(-1, 2)
    ours = decided(windows, number, window.first + reach[:, 0], window.first + reach[:, 1])
    return [(a, predicate, b) for (a, b), own in zip(pairs, ours.tolist(), strict=True) if own]


def _inside(places: Sequence[Span], window: Seen) -> Sequence[Span]:
    """Those of the places, which are in order, that may lie in a window."""
    if not len(window.spans):
        return ()
    first, last = int(window.spans[0, 0]), int(window.spans[-1, 1])
    return places[bisect_left(places, (first, 0)) : bisect_left(places, (last, 0))]


def _score(scores: Mapping[str, np.ndarray], link: Link) -> float:
    """The least of what the model says of a link and of its sides."""
    (i, k), predicate, (j, m) = link
    sides = (scores["entities"][:, i, k].max(), scores["entities"][:, j, m].max())
    return float(min(scores["heads"][predicate, i, j], scores["tails"][predicate, k, m], *sides))
