"""Texts to labels, entities or answers with a finished task model; torch is needed only without an exported backend."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from medenc.core.artifact import Artifact
from medenc.core.errors import MedencError
from medenc.decoding.contract import Task
from medenc.decoding.folder import TASK
from medenc.decoding.predicting import Answering, Predicted, Run, read_of
from medenc.runtime.answering import open_answering
from medenc.runtime.folder import ModelFolder, open_model
from medenc.runtime.session import Precision

Overflow = Literal["error", "warn", "truncate"]
Input = str | Mapping[str, Any]


class Predictor:
    """A task model; what its folder says (task, labels, limit) cannot be contradicted."""

    def __init__(self, folder: ModelFolder, answering: Answering, run: Run) -> None:
        self._folder, self._answering, self._run = folder, answering, run

    @classmethod
    def open(
        cls,
        folder: Path | str,
        backend: str | None = None,
        threads: int | None = None,
        precision: Precision | None = None,
    ) -> Predictor:
        """Open a task's model folder.

        Args:
            folder: a finished model that was trained for a task.
            backend: `openvino`, `onnx` or `torch`; None takes the fastest one the folder has.
            threads: processor threads; None takes all that this process may use.
            precision: `fp32` or `int8`; None takes int8 where the folder has it, which means that it was accepted.
        """
        model = open_model(folder)
        answering, run = open_answering(model.path, model.facts.max_tokens, backend, threads, precision)
        if not Artifact(model.path, model.manifest).is_whole(TASK):  # without its names it would answer, and worse
            raise MedencError(f"this file is not the one that was written: {TASK}", where=model.path)
        return cls(model, answering, run)

    @property
    def path(self) -> Path:
        """The model folder."""
        return self._folder.path

    @property
    def fingerprint(self) -> str:
        """Identity of the weights and the tokenizer."""
        return self._folder.fingerprint

    @property
    def facts(self) -> dict[str, Any]:
        """What the folder says about the task: `use`, its options, `labels`."""
        return dict(self._folder.manifest["task"])

    @property
    def task(self) -> Task:
        """What the model was trained for."""
        return self._answering.task

    @property
    def labels(self) -> list[str]:
        """What it tells apart; empty where a task has no labels."""
        return list(self._answering.labels)

    @property
    def max_tokens(self) -> int:
        """Tokens that the model reads at once, special ones included."""
        return self._answering.max_tokens

    def predict(self, inputs: Sequence[Input], on_overflow: Overflow = "warn") -> list[Any]:
        """One prediction an input, in order.

        Args:
            inputs: texts, or objects with the fields that the task reads: `{"text", "pair"}`, `{"question",
                "context"}`, ….
            on_overflow: for an input longer than the model reads, where the task has no windows for it: `error` refuses
                it, `warn` cuts it and warns, `truncate` cuts it.

        Raises: MedencError naming the input and its missing or wrong field.
        """
        if isinstance(inputs, str):
            raise MedencError("expected a list of inputs, found one text", hint="put it into a list: [text]")
        rows = [self.task.row(str(place), value) for place, value in enumerate(inputs)]
        return self.predict_rows(rows, on_overflow).predictions

    def predict_rows(self, rows: Sequence[Any], on_overflow: Overflow = "warn") -> Predicted:
        """Predictions for records of `data.examples`, and what was counted on the way."""
        if on_overflow not in ("error", "warn", "truncate"):
            raise MedencError(f"no such treatment: '{on_overflow}'", where="on_overflow", hint="error, warn, truncate")
        features, counts = self._answering.features(rows)
        tokens, truncated = read_of(features, len(rows))
        cut = sum(map(bool, truncated))
        line = f"{cut} of {len(rows)} inputs are longer than {self.max_tokens} tokens"
        if cut and on_overflow == "error":
            raise MedencError(line, where=self.path, hint="on_overflow='truncate' cuts them")
        if cut and on_overflow == "warn":
            warnings.warn(f"{line} and were cut", stacklevel=3)
        return Predicted(self._answering.answer(rows, features, self._run), tokens, truncated, counts)

    def to_json(self, prediction: Any) -> dict[str, Any]:
        """A prediction as `medenc predict --json` prints it."""
        return self.task.to_json(prediction)
