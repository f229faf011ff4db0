"""The BLURB score of thirteen measured models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

from medenc.core.artifact import Draft, open_artifact
from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.evaluation.tasks import MODEL
from medenc.metrics.blurb import blurb_score


class Blurb(Plugin):
    """The main scores of thirteen reports of `evaluate_task`, averaged within six kinds of task, then over them."""

    kind: ClassVar[str] = "report"
    version: ClassVar[int] = 1

    reports: Mapping[str, Path]  # data set as BLURB calls it -> its report

    def run(self, draft: Draft) -> None:
        """Fill `draft.numbers` with `blurb`, the kinds, and the data sets."""
        found = {name: _main_score(path) for name, path in self.reports.items()}
        blurb = blurb_score(found)
        draft.numbers |= {"scores": {MODEL: {"blurb": blurb.score}}, "types": blurb.types, "sets": found}

    def smoke(self) -> Self:
        """The same: it computes nothing."""
        return self


def _main_score(path: Path) -> float:
    numbers = open_artifact(path, "report").manifest["numbers"]
    if "main" not in numbers:
        raise MedencError("this report is not of a task", where=path, hint="give reports of the step `evaluate_task`")
    return float(numbers["scores"][MODEL][numbers["main"]])
