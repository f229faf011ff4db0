"""A task's predictions measured: scores with intervals, beside the trivial way, after a leak scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from medenc.core.errors import MedencError
from medenc.data.examples import Annotated, Choice, Labelled, Question
from medenc.data.leaks import scan
from medenc.decoding.contract import Grouped, Task
from medenc.evaluation.resampling import Samples, difference, interval, resampled
from medenc.metrics.confidence import area_under_risk, calibration_error
from medenc.metrics.counts import Counts

ROUNDS = 500
MODEL, BASELINE = "model", "baseline"


@dataclass(frozen=True)
class Measured:
    """What an evaluation of a task found."""

    data: str
    task: Task
    labels: Sequence[str]
    rows: Sequence[Any]
    systems: Mapping[str, Sequence[Any]]  # "model" and, where training rows are known, "baseline" -> predictions
    baseline: str  # the name of the trivial way, empty when there is none
    scores: dict[str, dict[str, float]]
    samples: Samples
    leaks: dict[str, Any] | None
    reading: dict[str, Any] = field(default_factory=dict)  # what was counted when rows became sequences

    @property
    def predictions(self) -> Sequence[Any]:
        """The model's."""
        return self.systems[MODEL]

    @cached_property
    def units(self) -> tuple[Sequence[Any], Sequence[Any]]:
        """What counts once, and what the model says of it: rows, or groups where the task decides about those."""
        if isinstance(self.task, Grouped):
            return self.task.units(self.rows, self.predictions)
        return self.rows, self.predictions

    @property
    def right(self) -> list[bool]:
        """Whether the prediction of each unit is wholly right."""
        return [self.task.right(*pair) for pair in zip(*self.units, strict=True)]

    @property
    def sure(self) -> list[float]:
        """How sure the model is of each unit."""
        return [self.task.sure(prediction) for prediction in self.units[1]]

    @property
    def by_label(self) -> dict[str, Counts]:
        """What the predictions of each label are worth, over the units."""
        return self.task.by_label(*self.units, self.labels)

    @property
    def intervals(self) -> dict[str, dict[str, list[float]]]:
        """95 % percentile intervals of every score."""
        return {name: {m: interval(values) for m, values in own.items()} for name, own in self.samples.items()}

    @property
    def tests(self) -> list[dict[str, Any]]:
        """The model beside the trivial way on the main measure."""
        if BASELINE not in self.systems:
            return []
        main = self.task.main_measure
        bounds, p = difference(self.samples[MODEL][main], self.samples[BASELINE][main])
        gain = self.scores[MODEL][main] - self.scores[BASELINE][main]
        return [{"a": MODEL, "b": BASELINE, "measure": main, "difference": gain, "interval": bounds, "p": p}]

    def to_json(self) -> dict[str, Any]:
        """The summary as `medenc evaluate --json` prints it."""
        return {
            "data": self.data,
            "n_queries": len(self.units[0]),
            "n_rows": len(self.rows),
            "main": self.task.main_measure,
            "scores": self.scores,
            "intervals": self.intervals,
            "tests": self.tests,
            "baseline": self.baseline,
            "confidence": self._confidence(),
            "by_label": {label: counts.to_json() for label, counts in self.by_label.items()},
            "reading": self.reading,
            "leaks": self.leaks and {key: value for key, value in self.leaks.items() if not key.endswith("_ids")},
            "scores_without_leaks": self.scores_without_leaks,
        }

    @property
    def scores_without_leaks(self) -> dict[str, dict[str, float]]:
        """The scores on rows that stand nowhere in training; empty when there are none such, or no others."""
        found = (self.leaks["exact_ids"], self.leaks["near_ids"]) if self.leaks else ()
        leaked = {int(row.partition(":")[0]) for pairs in found for row, *_ in pairs}
        kept = [place for place in range(len(self.rows)) if place not in leaked]
        if not leaked or not kept:
            return {}
        rows = [self.rows[place] for place in kept]
        score = partial(_score, self.task, self.labels, rows)
        return {name: score([own[place] for place in kept]) for name, own in self.systems.items()}

    def _confidence(self) -> dict[str, float]:
        """Empty for a task that does not say how sure it is."""
        sure, right = self.sure, self.right
        if min(sure) == 1:
            return {}
        return {"calibration_error": calibration_error(sure, right), "area_under_risk": area_under_risk(sure, right)}


def measure(
    data: str,
    task: Task,
    labels: Sequence[str],
    rows: Sequence[Any],
    predictions: Sequence[Any],
    train: Sequence[Any] = (),
    *,
    rounds: int = ROUNDS,
    reading: Mapping[str, Any] | None = None,
) -> Measured:
    """Score predictions.

    Args:
        data: what the rows are called.
        train: training rows, from which the trivial way learns and among which leaks are looked for.
        rounds: samples of the bootstrap.
        reading: what was counted when rows became sequences.

    Raises: MedencError when there is no row.
    """
    if not rows:
        raise MedencError("there is nothing to measure: the data gave no row", where=data)
    systems: dict[str, Sequence[Any]] = {MODEL: predictions}
    name = ""
    if train:
        name, systems[BASELINE] = task.baseline(train, rows)
    leaks = scan(_texts(train), _texts(rows)) if train else None
    return Measured(
        data,
        task,
        labels,
        rows,
        systems,
        name,
        *_scored(task, labels, rows, systems, rounds),
        leaks,
        dict(reading or {}),
    )


def pooled(parts: Sequence[Measured], rounds: int = ROUNDS) -> Measured:
    """Parts of the same data, each measured with a model that had not learned from it, as one.

    Scores are of all rows together, not means of the parts' (Forman and Scholz 2010: the F1 of cross-validation).
    """
    if len(parts) == 1:
        return parts[0]
    first, rows = parts[0], [row for part in parts for row in part.rows]
    labels = sorted({label for part in parts for label in part.labels})
    systems = {name: [found for part in parts for found in part.systems[name]] for name in first.systems}
    scores, samples = _scored(first.task, labels, rows, systems, rounds)
    reading = {name: sum(part.reading[name] for part in parts) for name in first.reading}
    baseline = " or ".join(dict.fromkeys(part.baseline for part in parts))
    return Measured(first.data, first.task, labels, rows, systems, baseline, scores, samples, None, reading)


def _scored(
    task: Task, labels: Sequence[str], rows: Sequence[Any], systems: Mapping[str, Sequence[Any]], rounds: int
) -> tuple[dict[str, dict[str, float]], Samples]:
    score = partial(_score, task, labels)
    return {system: score(rows, own) for system, own in systems.items()}, resampled(score, rows, systems, rounds)


def _score(task: Task, labels: Sequence[str], rows: Sequence[Any], predictions: Sequence[Any]) -> dict[str, float]:
    """The scores, the main one first."""
    found = task.score(rows, predictions, labels)
    return {task.main_measure: found[task.main_measure]} | found


def _texts(rows: Sequence[Any]) -> dict[str, str]:
    """Texts by place and id, because ids may repeat across sources."""
    return {f"{place}:{row.id}": _text(row) for place, row in enumerate(rows)}


def _text(row: Any) -> str:
    """What a model could have learned by heart."""
    match row:
        case Labelled():
            return f"{row.text}\n{row.pair}" if row.pair else row.text
        case Question():
            return f"{row.question}\n{row.context}"
        case Choice():
            return f"{row.question}\n{row.context}"
        case Annotated():
            return row.text
    raise TypeError(f"no text is known of a {type(row).__name__}")
