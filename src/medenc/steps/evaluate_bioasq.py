"""Score BioASQ submissions as the official evaluator does."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field

from medenc.core.artifact import Draft
from medenc.core.plugins import Plugin
from medenc.evaluation.bioasq import official, read_answers, read_questions
from medenc.evaluation.tasks import MODEL


class EvaluateBioasq(Plugin):
    """The ten numbers of `EvaluatorTask1b -phaseB` for files that were, or could have been, handed in.

    Several golden files count as one (the five batches of a year), and several submissions, of a kind of question
    each, as well. Questions without an answer score 0, unless `skip_missing`.
    """

    kind: ClassVar[str] = "report"
    version: ClassVar[int] = 1

    golden: list[Path] = Field(min_length=1)
    answers: list[Path] = Field(min_length=1)
    all_synonyms: bool = False  # evaluator version 3
    skip_missing: bool = False

    def run(self, draft: Draft) -> None:
        """Fill `draft.numbers`."""
        golden, answers = read_questions(self.golden), read_answers(self.answers)
        found = official(golden, answers, all_synonyms=self.all_synonyms, skip_missing=self.skip_missing)
        draft.numbers |= {"questions": len(golden), "answered": len(answers), "scores": {MODEL: found}}

    def smoke(self) -> Self:
        """The same: it is short."""
        return self
