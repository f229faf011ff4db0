"""Rows to predictions: features, batches of like length, one answer a row in the rows' order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from tokenizers import Tokenizer

from medenc.decoding.contract import Arrays, Feature, Task, Tunable
from medenc.text.tokens import batches

Run = Callable[[Iterable[Arrays]], Iterator[Arrays]]
"""Batches to the head's outputs, in order."""


@dataclass(frozen=True)
class Predicted:
    """Predictions in the order of their rows, and what the model did not read."""

    predictions: list[Any]
    tokens: list[int]  # that the model read of each row, special ones included
    truncated: list[int]  # that it did not read; 0 where the row was read whole
    counts: dict[str, int]


@dataclass(frozen=True)
class Answering:
    """A trained task: how its rows become sequences, and what its labels are."""

    task: Task
    labels: Sequence[str]
    tokenizer: Tokenizer
    max_tokens: int
    pad_id: int

    def predict(self, rows: Sequence[Any], run: Run) -> Predicted:
        """One prediction a row; it does not depend on which rows stand beside it.

        Args:
            rows: records as the task reads them.
            run: gives the outputs of batches.
        """
        features, counts = self.features(rows)
        tokens, truncated = read_of(features, len(rows))
        return Predicted(self.answer(rows, features, run), tokens, truncated, counts)

    def features(self, rows: Sequence[Any]) -> tuple[list[Feature], dict[str, int]]:
        """The sequences of the rows, and what was counted."""
        return self.task.features(rows, self.tokenizer, self.labels, self.max_tokens)

    def answer(self, rows: Sequence[Any], features: Sequence[Feature], run: Run) -> list[Any]:
        """One prediction a row, from its features."""
        return self.task.decode(self._found(features, run), features, rows, self.labels)

    def tuned(self, rows: Sequence[Any], run: Run) -> Answering:
        """With the options that fit labelled rows best, where the task has such; itself where it has none."""
        if not isinstance(self.task, Tunable) or not rows:
            return self
        features, _ = self.features(rows)
        task = self.task.tuned(self._found(features, run), features, rows)
        return replace(self, task=cast(Task, task))

    def _found(self, features: Sequence[Feature], run: Run) -> list[Any]:
        """What the task reads of each feature's outputs."""
        plan = list(batches([feature.tokens for feature in features]))
        answers = run(self.task.collate([features[place] for place in places], self.pad_id) for places in plan)
        found: list[Any] = [None] * len(features)
        for places, outputs in zip(plan, answers, strict=True):
            for number, place in enumerate(places):
                own = {name: values[number] for name, values in outputs.items()}
                found[place] = self.task.read(own, features[place], self.labels)
        return found


def read_of(features: Sequence[Feature], rows: int) -> tuple[list[int], list[int]]:
    """Of each row the tokens that the model reads and those that were cut off."""
    tokens, truncated = [0] * rows, [0] * rows
    for feature in features:
        tokens[feature.row] += feature.tokens
        truncated[feature.row] += feature.cut
    return tokens, truncated
