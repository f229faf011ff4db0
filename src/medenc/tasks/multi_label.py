"""Multi-label classification: a text, or a pair of texts, belongs to any number of classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.examples import Labelled
from medenc.decoding import batches
from medenc.decoding.contract import Arrays, Feature
from medenc.decoding.inputs import records
from medenc.decoding.labelled import by_row, members, places, text_features, text_probes, text_row
from medenc.decoding.probabilities import sigmoid
from medenc.metrics import classification as measures
from medenc.metrics.counts import Counts, matched_by


@dataclass(frozen=True, slots=True)
class Marked:
    """The classes above the threshold, and the probability of every class."""

    labels: tuple[str, ...]
    probabilities: Mapping[str, float] = field(default_factory=dict)


class MultiLabel(Plugin):
    """Hallmarks of Cancer, and the like.

    What is too long is cut, and counted; with `overlap` it is read in windows and has the classes of all of them.
    With `by_group` every row has all classes of its group (HoC: the sentences of an abstract), and a group counts once
    in the score.
    """

    together: ClassVar[bool] = False

    pair: bool = False  # rows are two texts
    measure: Literal["micro_f1", "macro_f1", "exact"] = "micro_f1"
    threshold: float = Field(default=0.5, gt=0, lt=1)  # probability from which a class is given
    by_group: bool = False
    overlap: int | None = Field(default=None, ge=0)  # of the windows a long text is read in, in tokens; cut by default
    head: dict[str, Any] = {}

    @property
    def main_measure(self) -> str:
        """The option `measure`."""
        return self.measure

    @property
    def added_tokens(self) -> tuple[str, ...]:
        """None."""
        return ()

    def head_options(self, labels: Sequence[str]) -> dict[str, Any]:
        """The head `sequence`."""
        return {"use": "sequence", "target": "classes", "size": len(labels), **self.head}

    def labels_of(self, rows: Sequence[Any]) -> list[str]:
        """The classes that occur. Raises: MedencError when there is none."""
        found = sorted({name for row in records(rows, Labelled, "multi_label") for name in _classes_of(row)})
        if not found:
            raise MedencError("no training row has a class", where="data")
        return found

    def features(
        self, rows: Sequence[Any], tokenizer: Tokenizer, labels: Sequence[str], max_tokens: int, *, learn: bool = False
    ) -> tuple[list[Feature], dict[str, int]]:
        """One feature a row, or a window."""
        rows = records(rows, Labelled, "multi_label")
        own = places(rows, [_classes_of(row) for row in rows], labels) if learn else []
        golds = [{"classes": _hot(each, len(labels)), "weight": np.ones((), np.float32)} for each in own]
        return text_features(rows, golds, tokenizer, max_tokens, pair=self.pair, overlap=self.overlap)

    def collate(self, features: Sequence[Feature], pad_id: int) -> Arrays:
        """Padded sequences; `classes` (batch, labels) and `weight` (batch,)."""
        return {**batches.stack(features, pad_id), **batches.gold(features)}

    def read(self, outputs: Arrays, feature: Feature, labels: Sequence[str]) -> np.ndarray:  # noqa: ARG002
        """Probabilities of the labels."""
        return sigmoid(outputs["logits"])

    def decode(
        self,
        found: Sequence[np.ndarray],
        features: Sequence[Feature],
        rows: Sequence[Labelled],
        labels: Sequence[str],
    ) -> list[Marked]:
        """Every class above the threshold in the row, or in a row of its group."""
        if self.overlap is not None:
            found = [own.max(axis=0) for own in by_row(found, features)]
        if self.by_group:
            found = [np.max([found[place] for place in own], axis=0) for own in members(rows)]
        named = [dict(zip(labels, own.tolist(), strict=True)) for own in found]
        return [Marked(tuple(name for name, p in own.items() if p >= self.threshold), own) for own in named]

    def gold(self, row: Labelled) -> Marked:
        """The row's own classes."""
        return Marked(_classes_of(row))

    def score(self, rows: Sequence[Labelled], predictions: Sequence[Marked], labels: Sequence[str]) -> dict[str, float]:
        """`micro_f1` with its precision and recall, `macro_f1`, and `exact`, the share of rows with no mistake."""
        rows, predictions = self.units(rows, predictions)
        gold = [set(_classes_of(row)) for row in rows]
        found = [set(prediction.labels) for prediction in predictions]
        micro = measures.multilabel_f1(gold, found)
        return {
            "micro_f1": micro.f1,
            "micro_precision": micro.precision,
            "micro_recall": micro.recall,
            "macro_f1": measures.multilabel_macro_f1(gold, found, labels),
            "exact": sum(a == b for a, b in zip(gold, found, strict=True)) / len(gold),
        }

    def units(self, rows: Sequence[Labelled], predictions: Sequence[Marked]) -> tuple[list[Labelled], list[Marked]]:
        """One row for each group, with the classes of all its rows; all rows without `by_group`."""
        if not self.by_group:
            return list(rows), list(predictions)
        groups = [own for place, own in enumerate(members(rows)) if own[0] == place]
        golds = [_united(_classes_of(rows[place]) for place in own) for own in groups]
        founds = [_united(predictions[place].labels for place in own) for own in groups]
        return (
            [replace(rows[own[0]], label=gold) for own, gold in zip(groups, golds, strict=True)],
            [replace(predictions[own[0]], labels=found) for own, found in zip(groups, founds, strict=True)],
        )

    def right(self, row: Labelled, prediction: Marked) -> bool:
        """Whether the classes are the row's, all of them and no other."""
        return set(prediction.labels) == set(_classes_of(row))

    def sure(self, prediction: Marked) -> float:
        """The probability that every class is decided rightly, as if they were independent."""
        given = set(prediction.labels)
        return float(np.prod([p if name in given else 1 - p for name, p in prediction.probabilities.items()]))

    def by_label(
        self, rows: Sequence[Labelled], predictions: Sequence[Marked], labels: Sequence[str]
    ) -> dict[str, Counts]:
        """Each class by itself."""
        gold, found = [set(_classes_of(row)) for row in rows], [set(prediction.labels) for prediction in predictions]
        return matched_by(lambda name: name, gold, found, labels)

    def baseline(self, train: Sequence[Labelled], rows: Sequence[Labelled]) -> tuple[str, list[Marked]]:
        """Always the most frequent class."""
        counts = Counter(name for row in train for name in _classes_of(row))
        most = min(counts, key=lambda label: (-counts[label], label))
        return f"always '{most}'", [Marked((most,))] * len(rows)

    def to_json(self, prediction: Marked) -> dict[str, Any]:
        """`{"label": [classes], "probabilities"}`."""
        probabilities = {label: round(p, 6) for label, p in prediction.probabilities.items()}
        return {"label": list(prediction.labels), "probabilities": probabilities}

    def row(self, id_: str, value: str | Mapping[str, Any]) -> Labelled:
        """A text, `{"text"}`, or `{"text", "pair"}`."""
        return text_row(id_, value, pair=self.pair)

    def probes(self, texts: Sequence[str]) -> list[str | dict[str, Any]]:
        """Every text, with another one as its pair."""
        return text_probes(texts, pair=self.pair)


def _classes_of(row: Labelled) -> tuple[str, ...]:
    if row.label is None:
        raise MedencError("a row without a label", where=row.id)
    if not isinstance(row.label, tuple):
        raise MedencError("a row whose label is no set of classes", where=row.id, hint="use another task, or reader")
    return row.label


def _united(sets: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({name for own in sets for name in own}))


def _hot(own: Sequence[int], size: int) -> np.ndarray:
    hot = np.zeros(size, dtype=np.float32)
    hot[list(own)] = 1
    return hot
