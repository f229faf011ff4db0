"""Measure a task's model on labelled rows."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field

from medenc.core.artifact import Draft
from medenc.core.plugins import Plugin
from medenc.data.mixing import Source, read_sources
from medenc.evaluation.prediction_files import write_errors, write_predictions
from medenc.evaluation.task_report import page
from medenc.evaluation.tasks import ROUNDS, measure
from medenc.runtime.predictor import Predictor


class EvaluateTask(Plugin):
    """Scores with intervals beside the trivial way, every prediction, every mistake, and a report.

    `train` are the rows the model learned from: the trivial way learns from them, and leaks are looked for in them.
    """

    kind: ClassVar[str] = "report"
    version: ClassVar[int] = 1

    model: Path
    data: list[Source] = Field(min_length=1)
    train: list[Source] = []
    rounds: int = Field(default=ROUNDS, ge=1)  # samples of the bootstrap

    def run(self, draft: Draft) -> None:
        """Fill `draft.numbers` with the scores and `draft.folder` with predictions.jsonl, errors.jsonl, report.html."""
        rows, read = read_sources(self.data, "data")
        train, _ = read_sources(self.train, "train")
        predictor = Predictor.open(self.model)
        answered = predictor.predict_rows(rows, on_overflow="truncate")  # counted below
        name = ", ".join(source.path.name for source in self.data)
        found = measure(
            name,
            predictor.task,
            predictor.labels,
            rows,
            answered.predictions,
            train,
            rounds=self.rounds,
            reading=answered.counts,
        )
        write_predictions(draft.folder, predictor.task, rows, answered.predictions, truncated=answered.truncated)
        write_errors(draft.folder, found)
        (draft.folder / "report.html").write_text(page(found), encoding="utf-8")
        draft.numbers |= found.to_json() | {"read": read}

    def smoke(self) -> Self:
        """Few samples; the stand-in data are small."""
        return self.model_copy(update={"rounds": 20})
