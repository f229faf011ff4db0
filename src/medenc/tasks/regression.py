"""Regression: a text, or a pair of texts, has a place on a scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.examples import Labelled
from medenc.decoding import batches
from medenc.decoding.contract import Arrays, Feature
from medenc.decoding.inputs import records
from medenc.decoding.labelled import text_features, text_probes, text_row
from medenc.metrics.classification import pearson
from medenc.metrics.counts import Counts


@dataclass(frozen=True, slots=True)
class Rated:
    """The number."""

    value: float


class Regression(Plugin):
    """Similarity of sentences on a scale: BIOSSES, KLUE-STS."""

    together: ClassVar[bool] = False

    pair: bool = True  # rows are two texts
    tolerance: float = Field(default=0.5, ge=0)  # a number this near to the row's is right, in lists of errors
    head: dict[str, Any] = {}

    @property
    def main_measure(self) -> str:
        """Pearson's correlation."""
        return "pearson"

    @property
    def added_tokens(self) -> tuple[str, ...]:
        """None."""
        return ()

    def head_options(self, labels: Sequence[str]) -> dict[str, Any]:  # noqa: ARG002
        """The head `sequence`."""
        return {"use": "sequence", "target": "number", "size": 1, **self.head}

    def labels_of(self, rows: Sequence[Any]) -> list[str]:
        """None; the rows are checked."""
        for row in records(rows, Labelled, "regression"):
            _number_of(row)
        return []

    def features(
        self,
        rows: Sequence[Any],
        tokenizer: Tokenizer,
        labels: Sequence[str],  # noqa: ARG002
        max_tokens: int,
        *,
        learn: bool = False,
    ) -> tuple[list[Feature], dict[str, int]]:
        """One feature a row."""
        rows = records(rows, Labelled, "regression")
        numbers = [np.array(_number_of(row), np.float32) for row in rows] if learn else []
        golds = [{"number": number, "weight": np.ones((), np.float32)} for number in numbers]
        return text_features(rows, golds, tokenizer, max_tokens, pair=self.pair)

    def collate(self, features: Sequence[Feature], pad_id: int) -> Arrays:
        """Padded sequences; `number` and `weight` (batch,)."""
        return {**batches.stack(features, pad_id), **batches.gold(features)}

    def read(self, outputs: Arrays, feature: Feature, labels: Sequence[str]) -> float:  # noqa: ARG002
        """The number."""
        return float(outputs["logits"][0])

    def decode(
        self,
        found: Sequence[float],
        features: Sequence[Feature],  # noqa: ARG002 - one a row, in order
        rows: Sequence[Labelled],  # noqa: ARG002
        labels: Sequence[str],  # noqa: ARG002
    ) -> list[Rated]:
        """The number of each row."""
        return [Rated(number) for number in found]

    def gold(self, row: Labelled) -> Rated:
        """The row's own number."""
        return Rated(_number_of(row))

    def score(
        self,
        rows: Sequence[Labelled],
        predictions: Sequence[Rated],
        labels: Sequence[str],  # noqa: ARG002
    ) -> dict[str, float]:
        """`pearson`, and `mean_absolute_error`, where less is better."""
        gold, found = [_number_of(row) for row in rows], [prediction.value for prediction in predictions]
        error = np.abs(np.subtract(gold, found)).mean()
        return {"pearson": pearson(gold, found), "mean_absolute_error": float(error)}

    def right(self, row: Labelled, prediction: Rated) -> bool:
        """Whether the number is near enough to the row's."""
        return abs(prediction.value - _number_of(row)) <= self.tolerance

    def sure(self, prediction: Rated) -> float:  # noqa: ARG002
        """1: a number says nothing of how sure it is."""
        return 1.0

    def by_label(
        self,
        rows: Sequence[Labelled],  # noqa: ARG002
        predictions: Sequence[Rated],  # noqa: ARG002
        labels: Sequence[str],  # noqa: ARG002
    ) -> dict[str, Counts]:
        """None: there are no labels."""
        return {}

    def baseline(self, train: Sequence[Labelled], rows: Sequence[Labelled]) -> tuple[str, list[Rated]]:
        """For pairs the share of common characters, on the scale of the training rows; else their mean."""
        known = [_number_of(row) for row in train]
        if not self.pair:
            return "mean", [Rated(float(np.mean(known)))] * len(rows)
        low, high = min(known), max(known)
        return "common characters", [Rated(low + (high - low) * _overlap(row.text, row.pair)) for row in rows]

    def to_json(self, prediction: Rated) -> dict[str, Any]:
        """`{"value"}`."""
        return {"value": round(prediction.value, 6)}

    def row(self, id_: str, value: str | Mapping[str, Any]) -> Labelled:
        """A text, `{"text"}`, or `{"text", "pair"}`."""
        return text_row(id_, value, pair=self.pair)

    def probes(self, texts: Sequence[str]) -> list[str | dict[str, Any]]:
        """Every text, with another one as its pair."""
        return text_probes(texts, pair=self.pair)


def _number_of(row: Labelled) -> float:
    if not isinstance(row.label, float | int):
        found = "a row without a label" if row.label is None else "a row whose label is not a number"
        raise MedencError(found, where=row.id, hint="the reader's option `regression` reads numbers")
    return float(row.label)


def _overlap(a: str, b: str) -> float:
    """Jaccard similarity of the pairs of characters."""
    left, right = ({text[i : i + 2] for i in range(len(text) - 1)} for text in (a.lower(), b.lower()))
    return len(left & right) / max(1, len(left | right))
