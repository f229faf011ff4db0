"""What makes a model folder a task's: `task.json`, and probes by which two backends are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from medenc.core.errors import MedencError
from medenc.core.files import read_json, write_json
from medenc.core.plugins import build
from medenc.decoding.contract import Task
from medenc.decoding.predicting import Answering, Run

TASK, PROBES = "task.json", "probes.json"
SAMPLE = 64  # numbers kept of each output of each batch of probes
ROUNDED = 1.5  # times the difference of a graph in int8 when it was accepted: another processor rounds otherwise
RELATIVE = 1e-3  # of the largest number: float32 in another order of operations, through a dozen layers


@dataclass(frozen=True)
class Agreement:
    """A backend beside the stored numbers and decisions."""

    largest_difference: float
    bound: float
    decisions: float  # share of equal decisions

    @property
    def ok(self) -> bool:
        """Whether the backend may be used."""
        return self.largest_difference <= self.bound

    @property
    def strays(self) -> float:
        """How far it is off."""
        return self.largest_difference

    def summary(self) -> dict[str, float]:
        """What the manifest keeps."""
        return {"largest_difference": self.largest_difference, "equal_decisions": self.decisions}

    def to_json(self) -> dict[str, float | bool]:
        """A JSON-ready copy."""
        return {**self.__dict__, "ok": self.ok}


def write_task(folder: Path, options: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    """Write the task's options and labels; returns them as the manifest has them."""
    written = {**options, "labels": list(labels)}
    write_json(folder / TASK, written)
    return written


def is_task(folder: Path) -> bool:
    """Whether a model folder answers a task."""
    return (folder / TASK).is_file()


def read_task(folder: Path) -> tuple[Task, list[str]]:
    """The task of a model folder and its labels. Raises: MedencError when the folder has none."""
    if not is_task(folder):
        raise MedencError("this model answers no task", where=folder, hint="use `medenc embed`, or train it for one")
    written = dict(read_json(folder / TASK))
    labels = [str(label) for label in written.pop("labels", [])]
    return cast(Task, build("task", written, str(folder / TASK))), labels


def write_probes(folder: Path, inputs: Sequence[Any], answering: Answering, run: Run) -> None:
    """Write the probes with the model's decisions on them, and a sample of the numbers behind these."""
    decisions, numbers = _answers(inputs, answering, run)
    write_json(folder / PROBES, {"inputs": list(inputs), "predictions": decisions, "numbers": numbers})


def compare(folder: Path, answering: Answering, run: Run, known: Mapping[str, float] | None = None) -> Agreement:
    """Run the stored probes and compare with what is stored.

    Args:
        known: the `summary` of a rounded graph when it was accepted, whose difference it may repeat; {} asks for that
            summary and allows any; None allows what float32 in another order of operations gives.
    """
    stored = read_json(folder / PROBES)
    if not isinstance(stored, dict) or {"inputs", "predictions", "numbers"} - stored.keys():
        raise MedencError("expected inputs, predictions and numbers", where=folder / PROBES)
    decisions, numbers = _answers(stored["inputs"], answering, run)
    wanted, found = np.array(stored["numbers"]), np.array(numbers)
    if wanted.shape != found.shape:
        raise MedencError("the model gives other arrays than it was saved with", where=folder / PROBES)
    bound = RELATIVE * max(1.0, float(np.abs(wanted).max(initial=0)))
    if known is not None:
        bound = ROUNDED * known.get("largest_difference", float("inf"))
    same = [decision(a) == decision(b) for a, b in zip(stored["predictions"], decisions, strict=True)]
    return Agreement(float(np.abs(wanted - found).max(initial=0)), bound, sum(same) / len(same))


def _answers(inputs: Sequence[Any], answering: Answering, run: Run) -> tuple[list[dict[str, Any]], list[float]]:
    """Predictions, and numbers taken evenly from every output of every batch."""
    numbers: list[float] = []

    def listening(batches: Any) -> Any:
        for outputs in run(batches):
            for name in sorted(outputs):
                if outputs[name].dtype.kind == "f":  # a place among tokens is no number that may be a little off
                    numbers.extend(_sample(outputs[name]))
            yield outputs

    task = answering.task
    rows = [task.row(str(place), value) for place, value in enumerate(inputs)]
    predictions = answering.predict(rows, listening).predictions
    return [task.to_json(prediction) for prediction in predictions], numbers


def _sample(values: np.ndarray) -> list[float]:
    flat = values.reshape(-1)
    places = np.unique(np.linspace(0, flat.size - 1, SAMPLE).astype(np.int64))
    return [float(f"{x:.7g}") for x in flat[places]]


def decision(value: Any) -> Any:
    """A prediction's JSON without its numbers, which differ in their last digits, and without the also-rans."""
    if isinstance(value, dict):
        return {key: decision(item) for key, item in value.items() if not (key == "answers" and "answer" in value)}
    if isinstance(value, list):
        return [decision(item) for item in value]
    return None if isinstance(value, float) else value
