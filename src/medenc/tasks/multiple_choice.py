"""Multiple choice: MedQA, MedMCQA, MMLU; one of some options answers a question, and their number may differ."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, ClassVar

import numpy as np
from pydantic import Field
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.examples import Choice
from medenc.decoding import batches
from medenc.decoding.contract import Arrays, Feature
from medenc.decoding.inputs import fields, records
from medenc.decoding.pieces import Frame, Pieces, joined, pieces
from medenc.decoding.probabilities import softmax
from medenc.metrics.classification import accuracy
from medenc.metrics.counts import Counts

LETTERS = string.ascii_uppercase


@dataclass(frozen=True, slots=True)
class Chosen:
    """The place of the chosen option, from 0, its text, and the probability of every option in order."""

    choice: int
    option: str
    probabilities: tuple[float, ...]


class MultipleChoice(Plugin):
    """Every option beside the question; what is too long loses the beginning of the context, then of the question.

    Source: LinkBERT's program cuts the longer side at its end, which in a long vignette is the question itself.
    """

    together: ClassVar[bool] = True

    options: int | None = Field(default=None, ge=2)  # refuse rows with another number of options
    letters: bool = False  # every option begins with its letter, as examinations print it: `A. …`
    dropout: float = Field(default=0.1, ge=0, lt=1)

    @property
    def main_measure(self) -> str:
        """Accuracy."""
        return "accuracy"

    @property
    def added_tokens(self) -> tuple[str, ...]:
        """None."""
        return ()

    def head_options(self, labels: Sequence[str]) -> dict[str, Any]:  # noqa: ARG002 - part of the contract
        """The head `choice`."""
        return {"use": "choice", "dropout": self.dropout}

    def labels_of(self, rows: Sequence[Any]) -> list[str]:
        """None: an answer is a place among the row's own options."""
        records(rows, Choice, "multiple_choice")
        return []

    def features(
        self,
        rows: Sequence[Any],
        tokenizer: Tokenizer,
        labels: Sequence[str],  # noqa: ARG002 - part of the contract
        max_tokens: int,
        *,
        learn: bool = False,
    ) -> tuple[list[Feature], dict[str, int]]:
        """One feature an option, in order; `truncated` counts the rows whose beginning was cut off.

        Raises: MedencError for an option that leaves no room for the question.
        """
        rows = [self._checked(row) for row in records(rows, Choice, "multiple_choice")]
        frame = Frame.of(tokenizer, pair=True)
        asked = iter(pieces(tokenizer, [text for row in rows for text in (row.context, row.question)]))
        offered = iter(pieces(tokenizer, [option for row in rows for option in row.options]))
        letters = _letters(tokenizer, max((len(row.options) for row in rows), default=0)) if self.letters else []
        features: list[Feature] = []
        for place, row in enumerate(rows):
            question = joined(next(asked), next(asked))
            own = [next(offered) for _ in row.options]
            if self.letters:
                own = [joined(letter, option) for letter, option in zip(letters, own, strict=False)]
            features += _options(place, row, question, own, frame, max_tokens, learn=learn)
        return features, {"truncated": sum(feature.cut > 0 for feature in features)}

    def collate(self, features: Sequence[Feature], pad_id: int) -> Arrays:
        """Padded sequences; `right` (batch,): 1 for the right option."""
        return {**batches.stack(features, pad_id), **batches.gold(features)}

    def read(self, outputs: Arrays, feature: Feature, labels: Sequence[str]) -> float:  # noqa: ARG002
        """The option's score."""
        return float(outputs["logits"])

    def decode(
        self,
        found: Sequence[float],
        features: Sequence[Feature],
        rows: Sequence[Choice],
        labels: Sequence[str],  # noqa: ARG002 - part of the contract
    ) -> list[Chosen]:
        """The likeliest option of every row; of equal ones the first."""
        predictions = []
        for row, own in groupby(zip(features, found, strict=True), key=lambda pair: pair[0].row):
            probabilities = softmax(np.array([score for _, score in own]))
            best = int(probabilities.argmax())
            predictions.append(Chosen(best, rows[row].options[best], tuple(probabilities.tolist())))
        return predictions

    def gold(self, row: Choice) -> Chosen:
        """The right option."""
        if row.label is None:
            raise MedencError("a question without its right option", where=row.id)
        return Chosen(row.label, row.options[row.label], tuple(float(i == row.label) for i in range(len(row.options))))

    def score(
        self,
        rows: Sequence[Choice],
        predictions: Sequence[Chosen],
        labels: Sequence[str],  # noqa: ARG002 - part of the contract
    ) -> dict[str, float]:
        """`accuracy`."""
        return {"accuracy": accuracy([self.gold(row).choice for row in rows], [found.choice for found in predictions])}

    def right(self, row: Choice, prediction: Chosen) -> bool:
        """Whether it is the right option."""
        return prediction.choice == row.label

    def sure(self, prediction: Chosen) -> float:
        """The probability of the chosen option."""
        return prediction.probabilities[prediction.choice]

    def by_label(
        self,
        rows: Sequence[Choice],  # noqa: ARG002 - part of the contract
        predictions: Sequence[Chosen],  # noqa: ARG002
        labels: Sequence[str],  # noqa: ARG002
    ) -> dict[str, Counts]:
        """Empty: the options of two questions have nothing in common."""
        return {}

    def baseline(self, train: Sequence[Choice], rows: Sequence[Choice]) -> tuple[str, list[Chosen]]:  # noqa: ARG002
        """Always the first option."""
        return "first option", [
            Chosen(0, row.options[0], tuple(float(i == 0) for i in range(len(row.options)))) for row in rows
        ]

    def to_json(self, prediction: Chosen) -> dict[str, Any]:
        """`{"choice", "option", "probabilities"}`; the choice counts from 0."""
        probabilities = [round(p, 6) for p in prediction.probabilities]
        return {"choice": prediction.choice, "option": prediction.option, "probabilities": probabilities}

    def row(self, id_: str, value: str | Mapping[str, Any]) -> Choice:
        """`{"question", "options": […]}`, and `context` where the question has one."""
        where = f"input {id_}"
        if isinstance(value, str) or not isinstance(value, Mapping):
            raise MedencError("expected an object with question and options", where=where)
        options = value.get("options")
        texts = isinstance(options, list) and all(isinstance(option, str) and option.strip() for option in options)
        if not isinstance(options, list) or not texts or len(options) < 2:
            raise MedencError("'options' is no list of at least two texts", where=where)
        names = ("question", "context") if "context" in value else ("question",)
        given = fields(id_, {name: own for name, own in value.items() if name != "options"}, names)
        return self._checked(Choice(id_, given["question"], tuple(options), context=given.get("context", "")))

    def probes(self, texts: Sequence[str]) -> list[str | dict[str, Any]]:
        """Every text as a question, the beginnings of it and of others as options."""
        offered = [text[:30] or "?" for text in texts]
        n = self.options or 4
        return [
            {"question": text, "options": [offered[(place + step) % len(texts)] for step in range(n)]}
            for place, text in enumerate(texts)
        ]

    def _checked(self, row: Choice) -> Choice:
        if len(row.options) < 2 or (self.options is not None and len(row.options) != self.options):
            raise MedencError(
                f"found {len(row.options)} options, expected {self.options or 'at least 2'}",
                where=row.id,
                hint="set the task's `options`, or leave it out: the head takes any number",
            )
        if self.letters and len(row.options) > len(LETTERS):
            raise MedencError(
                f"found {len(row.options)} options, more than there are letters", where=row.id, hint="letters = false"
            )
        return row


def _letters(tokenizer: Tokenizer, count: int) -> list[Pieces]:
    """`A.`, `B.`, …; they stand nowhere in the row. Raises: MedencError when the tokenizer does not tell them apart."""
    found = pieces(tokenizer, [f"{letter}." for letter in LETTERS[:count]])
    if len({tuple(letter.ids.tolist()) for letter in found}) < len(found):
        raise MedencError(
            f"the tokenizer does not tell the letters A to {LETTERS[count - 1]} apart",
            where="letters",
            hint="letters = false",
        )
    return [replace(letter, offsets=np.zeros_like(letter.offsets)) for letter in found]


def _options(
    place: int, row: Choice, question: Pieces, options: Sequence[Pieces], frame: Frame, max_tokens: int, *, learn: bool
) -> list[Feature]:
    """The features of a row. What is cut is the same for all options, so that they differ in themselves alone."""
    room = max_tokens - frame.size - max(len(option) for option in options)
    if room < 1:
        raise MedencError(f"an option leaves none of {max_tokens} tokens for the question", where=row.id)
    if learn and row.label is None:
        raise MedencError("a question without its right option", where=row.id)
    cut = max(0, len(question) - room)
    features = []
    for number, option in enumerate(options):
        gold = {"right": np.array(number == row.label, dtype=np.float32)} if learn else {}
        read = frame.around(question[cut:], option)
        features.append(Feature(place, row.id, *read, gold, cut=0 if number else cut))
    return features
