"""Classification: a text, or a pair of texts, belongs to one class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.examples import Labelled
from medenc.decoding import batches, shared_words
from medenc.decoding.contract import Arrays, Feature
from medenc.decoding.inputs import records
from medenc.decoding.labelled import by_row, members, places, text_features, text_probes, text_row
from medenc.decoding.probabilities import softmax
from medenc.metrics import classification as measures
from medenc.metrics.counts import Counts


@dataclass(frozen=True, slots=True)
class Classified:
    """The likeliest class, and the probability of every class."""

    label: str
    probabilities: Mapping[str, float] = field(default_factory=dict)


class Classification(Plugin):
    """Single texts (KUAKE-QIC, CHIP-CTC), pairs (PubMedQA, NLI), and relations whose texts carry markers (ChemProt).

    What is too long is cut, and counted; with `overlap` it is read in windows whose probabilities are averaged.
    With `by_group` the probabilities of all rows of a group are averaged, and a group counts once in the score.
    """

    together: ClassVar[bool] = False

    pair: bool = False  # rows are two texts
    mark_shared: bool = False  # words that both texts of a pair have are marked in what the model reads
    measure: Literal["accuracy", "macro_f1", "micro_f1"] = "accuracy"
    negative: str | None = None  # a class that earns nothing in micro-F1: 0 in ChemProt, DDI and GAD
    all_labels: bool = False  # macro-F1 over all labels, also those that never occur (CHIP-STS, CHIP-CTC)
    by_group: bool = False
    class_weights: Literal["balanced"] | dict[str, float] | None = None
    tokens: tuple[str, ...] = ()  # markers and placeholders in the texts, kept whole: @GENE$, <<, >>
    overlap: int | None = Field(default=None, ge=0)  # of the windows a long text is read in, in tokens; cut by default
    head: dict[str, Any] = {}

    @field_validator("class_weights")
    @classmethod
    def _above_zero(cls, weights: Literal["balanced"] | dict[str, float] | None) -> Any:
        if isinstance(weights, dict) and not all(0 < weight < np.inf for weight in weights.values()):
            raise ValueError("a class weighs more than 0")  # a batch of a class without weight has no mean
        return weights

    @model_validator(mode="after")
    def _shared_by_two(self) -> Self:
        if self.mark_shared and not self.pair:
            raise ValueError("mark_shared is for pairs of texts: set pair = true")
        return self

    @property
    def main_measure(self) -> str:
        """The option `measure`."""
        return self.measure

    @property
    def added_tokens(self) -> tuple[str, ...]:
        """The markers."""
        return self.tokens

    def head_options(self, labels: Sequence[str]) -> dict[str, Any]:
        """The head `sequence`."""
        return {"use": "sequence", "target": "class", "size": len(labels), **self.head}

    def labels_of(self, rows: Sequence[Any]) -> list[str]:
        """The classes that occur. Raises: MedencError when there are not two."""
        found = sorted({_class_of(row) for row in records(rows, Labelled, "classification")})
        if len(found) < 2:
            raise MedencError(f"the training rows have {len(found)} class, expected two or more", where="data")
        return found

    def features(
        self, rows: Sequence[Any], tokenizer: Tokenizer, labels: Sequence[str], max_tokens: int, *, learn: bool = False
    ) -> tuple[list[Feature], dict[str, int]]:
        """One feature a row, or a window."""
        rows = records(rows, Labelled, "classification")
        golds = self._golds(rows, labels) if learn else []
        features, counts = text_features(rows, golds, tokenizer, max_tokens, pair=self.pair, overlap=self.overlap)
        if self.mark_shared:
            features = shared_words.in_pairs(features, [(row.text, row.pair) for row in rows])
        return features, counts

    def segments(self, labels: Sequence[str]) -> tuple[int, ...]:  # noqa: ARG002 - part of the contract
        """Shared words of the first and of the second text."""
        return (0, 1) if self.mark_shared else ()

    def collate(self, features: Sequence[Feature], pad_id: int) -> Arrays:
        """Padded sequences; `label` and `weight` (batch,)."""
        return {**batches.stack(features, pad_id), **batches.gold(features)}

    def read(self, outputs: Arrays, feature: Feature, labels: Sequence[str]) -> np.ndarray:  # noqa: ARG002
        """Probabilities of the labels."""
        return softmax(outputs["logits"])

    def decode(
        self,
        found: Sequence[np.ndarray],
        features: Sequence[Feature],
        rows: Sequence[Labelled],
        labels: Sequence[str],
    ) -> list[Classified]:
        """The likeliest class of each row, or of its group."""
        if self.overlap is not None:
            found = [own.mean(axis=0) for own in by_row(found, features)]
        if self.by_group:
            found = [np.mean([found[place] for place in own], axis=0) for own in members(rows)]
        return [Classified(labels[int(own.argmax())], dict(zip(labels, own.tolist(), strict=True))) for own in found]

    def gold(self, row: Labelled) -> Classified:
        """The row's own class."""
        return Classified(_class_of(row))

    def score(
        self, rows: Sequence[Labelled], predictions: Sequence[Classified], labels: Sequence[str]
    ) -> dict[str, float]:
        """`accuracy`, `macro_f1`, `micro_f1`, and micro precision and recall where a class earns nothing."""
        rows, predictions = self.units(rows, predictions)
        gold, found = [_class_of(row) for row in rows], [prediction.label for prediction in predictions]
        micro = measures.micro_f1(gold, found, () if self.negative is None else (self.negative,))
        scores = {
            "accuracy": measures.accuracy(gold, found),
            "macro_f1": measures.macro_f1(gold, found, labels if self.all_labels else None),
            "micro_f1": micro.f1,
        }
        if self.negative is None:  # then all three are the accuracy
            return scores
        return scores | {"micro_precision": micro.precision, "micro_recall": micro.recall}

    def units(
        self, rows: Sequence[Labelled], predictions: Sequence[Classified]
    ) -> tuple[list[Labelled], list[Classified]]:
        """The first row of each group, which all have one class; all rows without `by_group`."""
        counted = [place for place, own in enumerate(members(rows)) if not self.by_group or own[0] == place]
        return [rows[place] for place in counted], [predictions[place] for place in counted]

    def right(self, row: Labelled, prediction: Classified) -> bool:
        """Whether the class is the row's."""
        return prediction.label == _class_of(row)

    def sure(self, prediction: Classified) -> float:
        """The probability of the class."""
        return prediction.probabilities.get(prediction.label, 1.0)

    def by_label(
        self, rows: Sequence[Labelled], predictions: Sequence[Classified], labels: Sequence[str]
    ) -> dict[str, Counts]:
        """Each class against the rest."""
        gold, found = [_class_of(row) for row in rows], [prediction.label for prediction in predictions]
        return {str(label): counts for label, counts in measures.by_class(gold, found, labels).items()}

    def baseline(self, train: Sequence[Labelled], rows: Sequence[Labelled]) -> tuple[str, list[Classified]]:
        """Always the most frequent class; where that earns nothing, the most frequent one that does."""
        counts = Counter(_class_of(row) for row in train)
        if self.measure == "micro_f1" and self.negative is not None:
            counts.pop(self.negative, None)
        most = min(counts, key=lambda label: (-counts[label], label))
        return f"always '{most}'", [Classified(most)] * len(rows)

    def to_json(self, prediction: Classified) -> dict[str, Any]:
        """`{"label", "probabilities"}`."""
        probabilities = {label: round(p, 6) for label, p in prediction.probabilities.items()}
        return {"label": prediction.label, "probabilities": probabilities}

    def row(self, id_: str, value: str | Mapping[str, Any]) -> Labelled:
        """A text, `{"text"}`, or `{"text", "pair"}`."""
        return text_row(id_, value, pair=self.pair)

    def probes(self, texts: Sequence[str]) -> list[str | dict[str, Any]]:
        """Every text, with another one as its pair."""
        return text_probes(texts, pair=self.pair)

    def _golds(self, rows: Sequence[Labelled], labels: Sequence[str]) -> list[dict[str, np.ndarray]]:
        own = [place for (place,) in places(rows, [(_class_of(row),) for row in rows], labels)]
        weights = self._weights(own, labels)
        return [{"label": np.asarray(place), "weight": weights[place, ...]} for place in own]

    def _weights(self, own: Sequence[int], labels: Sequence[str]) -> np.ndarray:
        """What a row of each label weighs; `balanced` gives every label the same sum."""
        if self.class_weights == "balanced":
            counts = np.bincount(own, minlength=len(labels))
            return (len(own) / (len(labels) * np.maximum(counts, 1))).astype(np.float32)
        given = self.class_weights or {}
        if unknown := sorted(given.keys() - set(labels)):
            raise MedencError(f"no such class: '{unknown[0]}'", where="task.class_weights")
        return np.array([given.get(label, 1.0) for label in labels], dtype=np.float32)


def _class_of(row: Labelled) -> str:
    if row.label is None:
        raise MedencError("a row without a label", where=row.id)
    if isinstance(row.label, tuple):
        raise MedencError("a row with a set of classes", where=row.id, hint="use the task multi_label")
    if not isinstance(row.label, str):
        raise MedencError("a row whose label is a number", where=row.id, hint="use the task regression")
    return row.label
