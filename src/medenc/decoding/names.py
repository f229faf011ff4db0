"""Names that the training rows annotate: found in texts, and marked in what the encoder reads.

A token's segment (`type_ids`) says what is known about it before it is read: that a known name with some label begins
there, or goes on there. The encoder learns how far to trust that. It would trust it blindly if it learned from rows
whose own names are known, so what is marked in a training row is known from other parts of the file.

Source: features from a gazetteer, Ratinov and Roth, CoNLL 2009; segments as their place in a transformer are ours.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np

from medenc.core.plugins import Plugin
from medenc.decoding.contract import Feature
from medenc.decoding.segments import PAIR, first_characters, remarked
from medenc.text.normalize import Normalized, normalize

Mention = tuple[int, int, str]
"""Start, end and label."""
Counted = tuple[str, str | None]
"""A name, and a label that it has; None for all its places."""
SHORTEST = 2  # characters of a name that is looked for
LEAST_SHARE = 0.3  # of the places where a name stands, that are annotated
PARTS = 10  # of the training rows, in their order, so that sentences of one document stay together


@dataclass(frozen=True, slots=True)
class Noted:
    """A text and what is annotated in it."""

    text: str
    mentions: Sequence[Mention]


class NameMarks(Plugin):
    """The part of a task that marks known names; with `mark_names` the model's folder holds them, folded.

    Names of the training rows are looked for in every text whatever its case and Unicode form, the longest first.
    """

    own_words: ClassVar[frozenset[str]] = frozenset({"names"})

    mark_names: bool = False
    names: dict[str, str] = {}  # folded, with their labels; what training found, and refused in a recipe

    def learned(self, rows: Sequence[Any]) -> Self:
        """With the names of the training rows."""
        if not self.mark_names:
            return self
        return type(self)(**self.model_dump() | {"names": names_of(self._noted(rows))})

    def segments(self, labels: Sequence[str]) -> tuple[int, ...]:
        """Two for every label that names have: where one begins, and where it goes on."""
        return (0,) * (2 * len(self._marked_labels(labels))) if self.mark_names else ()

    def with_names(
        self, features: Sequence[Feature], rows: Sequence[Any], labels: Sequence[str], *, learn: bool
    ) -> list[Feature]:
        """The features with the names marked: those known from other rows with `learn`, else those of training."""
        if not self.mark_names:
            return list(features)
        noted = self._noted(rows)
        gazetteers = known_elsewhere(noted) if learn else [self._gazetteer] * len(noted)
        own = [
            characters(row.text, gazetteer, self._marked_labels(labels))
            for row, gazetteer in zip(noted, gazetteers, strict=True)
        ]
        return [remarked(feature, first_characters(feature, own[feature.row])) for feature in features]

    @cached_property
    def _gazetteer(self) -> Gazetteer:
        """Of all names; one text is answered without building it again."""
        return Gazetteer(self.names)

    def _marked_labels(self, labels: Sequence[str]) -> Sequence[str]:
        """Those of the task's labels that mentions have: all."""
        return labels

    def _noted(self, rows: Sequence[Any]) -> list[Noted]:
        """What names are learned from: texts, and their mentions under the task's labels."""
        raise NotImplementedError


class Gazetteer:
    """Finds names in texts, at the borders of words."""

    def __init__(self, labels: Mapping[str, str], shortest: int = SHORTEST) -> None:
        """`labels`: the label of every name; those with fewer than `shortest` characters are not found."""
        self.labels = labels
        self._shortest = shortest
        self._lengths: dict[str, set[int]] = defaultdict(set)
        for name in labels:
            if len(name) >= shortest:
                self._lengths[name[:shortest]].add(len(name))

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Every place where a name stands, the first and then the longest first."""
        for place in range(len(text)):
            for length in sorted(self._lengths.get(text[place : place + self._shortest], ()), reverse=True):
                end = place + length
                if end <= len(text) and text[place:end] in self.labels and not _cuts(text, place, end):
                    yield place, end

    def find(self, text: str) -> Iterator[Mention]:
        """Those of `places` that do not overlap."""
        done = 0
        for start, end in self.places(text):
            if start >= done:
                done = end
                yield start, end, self.labels[text[start:end]]


def names_of(rows: Sequence[Noted]) -> dict[str, str]:
    """The names of training rows, folded, with the label that each has most often."""
    return _kept(_counts(rows, _gazetteer(rows)))


def known_elsewhere(rows: Sequence[Noted]) -> list[Gazetteer]:
    """For every training row the names that the other parts of the rows teach."""
    bounds = [len(rows) * part // PARTS for part in range(PARTS + 1)]
    candidates = _gazetteer(rows)
    parts = [_counts(rows[first:end], candidates) for first, end in pairwise(bounds)]
    whole = sum(parts, Counter[Counted]())
    gazetteers = [Gazetteer(_kept(whole - part)) for part in parts]
    return [
        gazetteer
        for gazetteer, (first, end) in zip(gazetteers, pairwise(bounds), strict=True)
        for _ in range(first, end)
    ]


def characters(text: str, gazetteer: Gazetteer, labels: Sequence[str]) -> np.ndarray:
    """The segment of every character, (len(text),) int16; 0 outside of names."""
    found, form = np.zeros(len(text), dtype=np.int16), folded(text)
    number = {label: place for place, label in enumerate(labels)}
    for *place, label in gazetteer.find(form.text):
        if label in number:
            start, end = form.span(*place)
            first = PAIR + 2 * number[label]
            found[start], found[start + 1 : end] = first, first + 1
    return found


def folded(text: str) -> Normalized:
    """The normal form that the analyzer reads, without case, with the way back to the text."""
    form = normalize(text)
    whole = form.text.casefold()
    if len(whole) != len(form.text):  # every character stays at its place
        whole = "".join(own if len(own := c.casefold()) == 1 else c for c in form.text)
    return form._replace(text=whole)


def _gazetteer(rows: Iterable[Noted]) -> Gazetteer:
    """Of everything that is annotated."""
    return Gazetteer({folded(row.text[start:end]).text: label for row in rows for start, end, label in row.mentions})


def _counts(rows: Sequence[Noted], candidates: Gazetteer) -> Counter[Counted]:
    """How often each of the candidates stands in texts (under None), and how often with a label."""
    counts = Counter[Counted]()
    for row in rows:
        text = folded(row.text).text
        counts.update((folded(row.text[start:end]).text, label) for start, end, label in set(row.mentions))
        counts.update((text[start:end], None) for start, end in candidates.places(text))
    return counts


def _kept(counts: Counter[Counted]) -> dict[str, str]:
    """The names that stand somewhere and are annotated often enough there, each with its most frequent label."""
    own: dict[str, Counter[str]] = defaultdict(Counter)
    for (name, label), count in counts.items():
        if label is not None:
            own[name][label] = count
    return {
        name: min(labels, key=lambda label: (-labels[label], label))
        for name, labels in sorted(own.items())
        if counts[name, None] and labels.total() >= LEAST_SHARE * counts[name, None]
    }


def _cuts(text: str, start: int, end: int) -> bool:
    return _inside_word(text, start) or _inside_word(text, end)


def _inside_word(text: str, place: int) -> bool:
    """Whether a Latin word or a number goes on across `place`."""
    around = text[max(0, place - 1) : place + 1]
    return 0 < place < len(text) and around.isascii() and around.isalnum()
