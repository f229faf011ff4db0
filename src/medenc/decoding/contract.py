"""What a task is: the contract between plug-ins of the kind `task`, training, and prediction.

The way of a row: `features` makes sequences of it; the encoder and the head turn batches of them into named arrays;
`read` keeps what matters of each sequence's arrays; `decode` makes one prediction a row of that. All of it is numpy,
so the same code answers under torch, under an exported graph and over HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from tokenizers import Tokenizer

from medenc.metrics.counts import Counts

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Feature:
    """One sequence that the encoder reads: a whole row, a window of a long one, one of its options.

    `gold` holds what the head learns from, by the names under which `collate` puts it into the batch; it is empty
    where nothing is learned. `memory` is what the task needs to read the outputs (spans of units, options, …).
    """

    row: int  # the row's place among the rows given to `features`
    id: str  # the row's id
    input_ids: np.ndarray  # (tokens,) int32, special tokens included
    type_ids: np.ndarray  # (tokens,) int: 1 in the second text of a pair, from 2 on what a task knows of a token
    offsets: np.ndarray  # (tokens, 2) int32, characters of the ORIGINAL text that the token lies in; (0, 0) if special
    gold: Mapping[str, np.ndarray] = field(default_factory=dict)
    memory: tuple[Any, ...] = ()
    cut: int = 0  # pieces of the row that no feature of it holds; counted once, on any of its features

    @property
    def tokens(self) -> int:
        """What it costs in a padded batch."""
        return len(self.input_ids)


class Task(Protocol):
    """What a plug-in of the kind `task` is: options as fields, and these.

    A row is a record of `data.examples`; `labels` is what `labels_of` gave for the training rows.
    """

    together: ClassVar[bool]
    """Whether all features of a row must be in one training batch (the options of a question)."""

    @property
    def main_measure(self) -> str:
        """The name among the scores by which models are compared; more is better."""
        ...

    @property
    def added_tokens(self) -> tuple[str, ...]:
        """Tokens that the tokenizer must keep whole: markers of entities."""
        ...

    def head_options(self, labels: Sequence[str]) -> dict[str, Any]:
        """The head as a table `{use = …, sizes …}` for a plug-in of the kind `head`."""
        ...

    def labels_of(self, rows: Sequence[Any]) -> list[str]:
        """The sorted labels of training rows; empty where a task has none."""
        ...

    def features(
        self, rows: Sequence[Any], tokenizer: Tokenizer, labels: Sequence[str], max_tokens: int, *, learn: bool = False
    ) -> tuple[list[Feature], dict[str, int]]:
        """Sequences in the order of the rows, any number a row, and counts: `truncated`, `lost`, `windows`, ….

        With `learn` every row must have its label, and features get `gold`; what the scheme cannot hold is counted as
        `lost`. Raises: MedencError naming the row's id for a label outside `labels`, a wrong number of options, ….
        """
        ...

    def collate(self, features: Sequence[Feature], pad_id: int) -> Arrays:
        """A padded batch: `input_ids`, `attention_mask`, `token_type_ids` (batch, tokens) int64, and the gold arrays.

        Every array's first axis is the features'. `decoding.batches` does the padding.
        """
        ...

    def read(self, outputs: Arrays, feature: Feature, labels: Sequence[str]) -> Any:
        """What is kept of one feature's outputs (first axis removed, padding of the batch still there)."""
        ...

    def decode(
        self, found: Sequence[Any], features: Sequence[Feature], rows: Sequence[Any], labels: Sequence[str]
    ) -> list[Any]:
        """One prediction a row, in the rows' order, from what `read` gave for each feature."""
        ...

    def gold(self, row: Any) -> Any:
        """The perfect prediction. Raises: MedencError for a row without a label."""
        ...

    def score(self, rows: Sequence[Any], predictions: Sequence[Any], labels: Sequence[str]) -> dict[str, float]:
        """Measures, `main_measure` among them; 1.0 for perfect predictions."""
        ...

    def right(self, row: Any, prediction: Any) -> bool:
        """Whether the prediction is wholly right, for lists of errors."""
        ...

    def sure(self, prediction: Any) -> float:
        """How probable the model holds it that the prediction is wholly right, 0 … 1."""
        ...

    def by_label(self, rows: Sequence[Any], predictions: Sequence[Any], labels: Sequence[str]) -> dict[str, Counts]:
        """What each label's predictions are worth; empty where a task has no labels."""
        ...

    def baseline(self, train: Sequence[Any], rows: Sequence[Any]) -> tuple[str, list[Any]]:
        """The name and the predictions of the trivial way: most frequent label, first option, dictionary match, …."""
        ...

    def to_json(self, prediction: Any) -> dict[str, Any]:
        """The prediction as `medenc predict --json` prints it."""
        ...

    def row(self, id_: str, value: str | Mapping[str, Any]) -> Any:
        """The row that a user's input means: a text, or an object such as `{"question": …, "context": …}`.

        Raises: MedencError naming the missing or wrong field.
        """
        ...

    def probes(self, texts: Sequence[str]) -> list[str | dict[str, Any]]:
        """Inputs for `row` made of fixed texts, by which two backends are compared."""
        ...


@runtime_checkable
class Marking(Protocol):
    """A task that marks what it knows of tokens before they are read, by segments of their own."""

    def segments(self, labels: Sequence[str]) -> tuple[int, ...]:
        """For every segment from 2 on, whether it begins as the first (0) or the second text's (1)."""
        ...


@runtime_checkable
class Learned(Protocol):
    """A task that keeps something of its training rows among its options."""

    own_words: ClassVar[frozenset[str]]
    """The options that hold what rows say; `task.json` has them, and nothing that others read."""

    def learned(self, rows: Sequence[Any]) -> Self:
        """The same task with that; called before features are made."""
        ...


@runtime_checkable
class Tunable(Protocol):
    """A task with options that are best chosen on development rows: thresholds, probabilities."""

    def tuned(self, found: Sequence[Any], features: Sequence[Feature], rows: Sequence[Any]) -> Self:
        """The same task with those options; `found` is what `read` gave for each feature."""
        ...


@runtime_checkable
class Grouped(Protocol):
    """A task that decides about rows of a group together."""

    def units(self, rows: Sequence[Any], predictions: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """What counts once: one row for each group, with what is right of the group, and its prediction."""
        ...
