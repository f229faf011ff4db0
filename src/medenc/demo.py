"""The demonstration: the bundled sample from raw text to a measured search, one search and one answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medenc import api, terminal
from medenc.recipe import Result, load

QUERY = "metformin 먹는데 eGFR이 떨어지면?"
QUESTION = "When may I drive again after a pacemaker was put in?"


@dataclass(frozen=True)
class Built:
    """What the demonstration made, and what it measured."""

    index: Path
    report: Path
    scores: dict[str, Any]
    search: Any
    answers: Any
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The document that `demo --json` prints."""
        return {
            "scores": self.scores["scores"],
            "intervals": self.scores["intervals"],
            "search": self.search.to_json(),
            "answer": self.answers.to_json(),
            "seconds": round(self.seconds, 1),
        }

    def text(self) -> str:
        """The same for a person."""
        return "\n".join(
            [
                f"\nMeasured on {self.scores['n_queries']} test queries; their topics were not judged in training:\n",
                terminal.scores(self.scores),
                f"\nSearch: {QUERY}\n",
                terminal.hits(self.search),
                f"\nQuestion: {QUESTION}\n",
                terminal.answers(self.answers),
                f"\n{self.seconds:.0f} s in all; the report with plots is {self.report}",
            ]
        )


def build(out: Path, report: Callable[[Result], None]) -> Built:
    """Run the bundled recipe into `out` (finished steps are skipped) and try what it made."""
    began = time.perf_counter()
    results = {result.id: result for result in load("sample", out).run(report=report)}
    index = api.open_index(results["index"].out)
    found, answers = index.search(QUERY, top=3), index.ask(QUESTION)
    seconds = time.perf_counter() - began
    evaluation = results["evaluate"]
    return Built(index.path, evaluation.out / "report.html", evaluation.numbers, found, answers, seconds)
