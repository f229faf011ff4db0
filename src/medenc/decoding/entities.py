"""Entities as predictions: found, scored, compared with a dictionary, and printed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from medenc.data.examples import Annotated
from medenc.metrics import spans

SHORTEST = 2  # characters of a name that the dictionary looks for


@dataclass(frozen=True, slots=True)
class Found:
    """An entity that a model found: characters of the original text, end exclusive, and how sure the model is."""

    start: int
    end: int
    label: str
    text: str
    score: float = 1.0

    @property
    def span(self) -> tuple[int, int, str]:
        """As `metrics.spans` counts it."""
        return self.start, self.end, self.label


Entities = tuple[Found, ...]


def gold_entities(row: Annotated) -> Entities:
    """The row's own entities, in order."""
    spans_ = sorted(row.spans)
    return tuple(Found(start, end, label, row.text[start:end]) for start, end, label in spans_)


def entity_labels(rows: Iterable[Annotated]) -> list[str]:
    """The labels that occur, sorted."""
    return sorted({entity.label for row in rows for entity in row.entities})


def entity_scores(rows: Sequence[Annotated], predictions: Sequence[Entities]) -> dict[str, float]:
    """Strict `f1`, `precision` and `recall` pooled over the rows, `macro_f1` over labels; `nested_recall` if any."""
    gold = [row.spans for row in rows]
    found = [{entity.span for entity in own} for own in predictions]
    counts = spans.strict(gold, found)
    scores = {"f1": counts.f1, "precision": counts.precision, "recall": counts.recall}
    if any(gold) or any(found):
        scores["macro_f1"] = spans.macro_f1(gold, found)
    nested = spans.nested_recall(gold, found)
    return scores if nested is None else scores | {"nested_recall": nested}


def entities_json(entities: Entities) -> dict[str, Any]:
    """`{"entities": [{"start", "end", "label", "text", "score"}]}`."""
    return {
        "entities": [
            {"start": e.start, "end": e.end, "label": e.label, "text": e.text, "score": round(e.score, 6)}
            for e in entities
        ]
    }


def dictionary_match(train: Sequence[Annotated], rows: Sequence[Annotated]) -> list[Entities]:
    """The names that training rows annotate, wherever they occur as words: the longest first, no overlaps."""
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for row in train:
        for entity in row.entities:
            names[row.text[entity.start : entity.end]][entity.label] += 1
    labels = {name: min(own, key=lambda label: (-own[label], label)) for name, own in names.items()}
    lengths: dict[str, set[int]] = defaultdict(set)
    for name in labels:
        if len(name) >= SHORTEST:
            lengths[name[:SHORTEST]].add(len(name))
    return [tuple(_matches(row.text, labels, lengths)) for row in rows]


def _matches(text: str, labels: dict[str, str], lengths: dict[str, set[int]]) -> Iterator[Found]:
    place = 0
    while place < len(text):
        for length in sorted(lengths.get(text[place : place + SHORTEST], ()), reverse=True):
            name, end = text[place : place + length], place + length
            if name in labels and not _inside_word(text, place) and not _inside_word(text, end):
                yield Found(place, end, labels[name], name)
                place = end - 1
                break
        place += 1


def _inside_word(text: str, place: int) -> bool:
    """Whether a Latin word or a number goes on across `place`."""
    around = text[max(0, place - 1) : place + 1]
    return 0 < place < len(text) and around.isascii() and around.isalnum()
