"""Precision, recall and F1 from counts, and the micro-F1 of sets: entities, triples, standard terms."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence, Sized
from dataclasses import dataclass
from typing import TypeVar

from medenc.core.errors import MedencError

K = TypeVar("K", bound=Hashable)
T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many were predicted, how many there are, and how many of both agree; ratios with nothing below are 0."""

    correct: float = 0
    predicted: float = 0
    gold: float = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.correct + other.correct, self.predicted + other.predicted, self.gold + other.gold)

    @property
    def precision(self) -> float:
        """Share of the predicted that is correct."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold that was found."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.correct / (self.predicted + self.gold) if self.predicted + self.gold else 0.0

    def to_json(self) -> dict[str, float]:
        """The three measures, with the number of gold items as `support`."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1, "support": self.gold}


def matched(gold: Sequence[Iterable[Hashable]], predicted: Sequence[Iterable[Hashable]]) -> Counts:
    """Counts over documents: an item is correct when the same document has an equal one; repetitions count once."""
    same_length(gold, predicted)
    pairs = [(set(wanted), set(found)) for wanted, found in zip(gold, predicted, strict=True)]
    return Counts(
        sum(len(wanted & found) for wanted, found in pairs),
        sum(len(found) for _, found in pairs),
        sum(len(wanted) for wanted, _ in pairs),
    )


def matched_by(
    key: Callable[[T], K],
    gold: Sequence[Collection[T]],
    predicted: Sequence[Collection[T]],
    classes: Iterable[K] | None = None,
) -> dict[K, Counts]:
    """`matched` for each class of items; `classes` may name some that never occur, others are then left out."""
    same_length(gold, predicted)
    found = {key(item) for items in (*gold, *predicted) for item in items}
    names = sorted(found, key=str) if classes is None else list(classes)

    def only(documents: Sequence[Collection[T]], name: K) -> list[list[T]]:
        return [[item for item in items if key(item) == name] for items in documents]

    return {name: matched(only(gold, name), only(predicted, name)) for name in names}


def mean_f1(classes: Collection[Counts]) -> float:
    """The unweighted mean of the classes' F1 (macro-F1). Raises: MedencError for no class."""
    if not classes:
        raise MedencError("there is no class to average over", where="metrics")
    return sum(counts.f1 for counts in classes) / len(classes)


def same_length(gold: Sized, predicted: Sized) -> None:
    """Raises: MedencError unless there is one prediction for each gold item."""
    if len(gold) != len(predicted):
        raise MedencError(f"{len(gold)} gold items but {len(predicted)} predictions", where="metrics")
