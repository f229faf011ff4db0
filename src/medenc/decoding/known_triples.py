"""Triples that the training rows annotate: found again in texts, and trusted as far as other rows bear them out.

What the model says of a known triple and what the rows say of it are added up: a triple that is mostly annotated where
its two sides stand needs less from the model than a new one, and one that the model finds impossible is not given.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from pydantic import Field

from medenc.core.options import Options
from medenc.data.examples import Annotated
from medenc.decoding.names import Gazetteer, folded
from medenc.decoding.related import Span
from medenc.decoding.span_windows import Marked, Seen, decided
from medenc.decoding.triples import Answer, Link

Strings = tuple[str, str, str]
"""Subject, predicate and object; the sides are folded."""


class KnownTriple(Options):
    """A triple of the training rows, and the share of texts with both its sides where it is annotated."""

    subject: str = Field(min_length=1)
    predicate: str
    object: str = Field(min_length=1)
    trust: float = Field(ge=0, le=1)


class Candidate(NamedTuple):
    """The places where a known triple may stand in a window, and how far it is trusted."""

    links: list[Link]
    trust: float


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
    return [
        KnownTriple(subject=s, predicate=p, object=o, trust=(right[s, p, o] + share) / (asked[s, p, o] + 1))
        for s, p, o in sorted(annotated)
    ]


def candidates(text: str, windows: Sequence[Seen], finder: Finder, predicates: Sequence[str]) -> list[list[Candidate]]:
    """For every window the known triples with those of their places that it decides about."""
    found: list[list[Candidate]] = [[] for _ in windows]
    for triple, *sides in finder.find(text):
        if triple[1] in predicates:
            for number, own in enumerate(found):
                if links := _links(windows, number, predicates.index(triple[1]), sides):
                    own.append(Candidate(links, finder.trust[triple]))
    return found


def recalled(
    answer: Answer, scores: Mapping[str, np.ndarray], known: Sequence[Candidate], weight: float, threshold: float
) -> Answer:
    """The answer with the known triples that are above `threshold` when `weight` x trust is added to their score.

    Each stands once, at its likeliest places, and not where the model has found it by itself.

    Args:
        scores: of the cells of units: `entities`, `heads`, `tails`, each (matrices, units, units).
    """
    links, sides = dict(answer.links), dict[tuple[int, int, int], float]()
    given = {(first, last) for _, first, last in answer.entities.cells.tolist()}
    for own, trust in known:
        if any(link in answer.links for link in own):
            continue
        best = max(own, key=lambda link: _score(scores, link))
        score = _score(scores, best) + weight * trust
        if score > threshold:
            links[best] = score
            new = {side for side in (best[0], best[2]) if side not in given}
            sides |= {(int(scores["entities"][:, *side].argmax()), *side): score for side in new}
    cells = np.array(list(sides), dtype=np.int64).reshape(-1, 3)
    entities = Marked(
        np.concatenate([answer.entities.cells, cells]), np.concatenate([answer.entities.scores, [*sides.values()]])
    )
    return Answer(entities, links)


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


def _folded(strings: Strings) -> Strings:
    return folded(strings[0]).text, strings[1], folded(strings[2]).text


def _links(windows: Sequence[Seen], number: int, predicate: int, sides: Sequence[Sequence[Span]]) -> list[Link]:
    """The pairs of places that a window decides about, in its units."""
    window = windows[number]
    subjects, objects = ([units for place in own if (units := window.units_of(*place))] for own in sides)
    pairs = [(a, b) for a in subjects for b in objects if a != b]
    reach = np.array([(min(a[0], b[0]), max(a[1], b[1])) for a, b in pairs], dtype=np.int64).reshape(-1, 2)
    ours = decided(windows, number, window.first + reach[:, 0], window.first + reach[:, 1])
    return [(a, predicate, b) for (a, b), own in zip(pairs, ours.tolist(), strict=True) if own]


def _score(scores: Mapping[str, np.ndarray], link: Link) -> float:
    """The least of what the model says of a link and of its sides."""
    (i, k), predicate, (j, m) = link
    sides = (scores["entities"][:, i, k].max(), scores["entities"][:, j, m].max())
    return float(min(scores["heads"][predicate, i, j], scores["tails"][predicate, k, m], *sides))
