"""Answer rows whose labels nobody knows, and write what a leaderboard takes."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field

from medenc.core.artifact import Draft
from medenc.core.plugins import Plugin
from medenc.data.cblue import write_submission
from medenc.data.mixing import Source, read_sources
from medenc.data.submissions import write_submission as write_bioasq
from medenc.evaluation.bioasq import exact_answers, read_questions
from medenc.evaluation.prediction_files import write_predictions
from medenc.runtime.predictor import Predictor


class Predict(Plugin):
    """Predictions of a task's model as JSON lines; with `cblue` or `bioasq` also the file that is handed in."""

    kind: ClassVar[str] = "predictions"
    version: ClassVar[int] = 1

    model: Path
    data: list[Source] = Field(min_length=1)
    cblue: str | None = None  # CMeEE, KUAKE-QIC, …: the first source is the task's test file
    bioasq: bool = False  # the sources are official files; one model answers one kind of question

    def run(self, draft: Draft) -> None:
        """Fill `draft.folder` with predictions.jsonl, and with the submission."""
        rows, read = read_sources(self.data, "data")
        predictor = Predictor.open(self.model)
        found = predictor.predict_rows(rows, on_overflow="truncate")  # counted below
        write_predictions(draft.folder, predictor.task, rows, found.predictions, truncated=found.truncated)
        if self.cblue:
            answers = {row.id: predictor.to_json(own) for row, own in zip(rows, found.predictions, strict=True)}
            write_submission(self.cblue, self.data[0].path, answers, draft.folder)
        if self.bioasq:
            exact = exact_answers(predictor.task, rows, found.predictions)
            write_bioasq(draft.folder / "bioasq.json", read_questions(source.path for source in self.data), exact)
        draft.numbers |= {"rows": len(rows), "reading": found.counts, "read": read}

    def smoke(self) -> Self:
        """The same: the stand-in data are small."""
        return self
