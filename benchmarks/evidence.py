"""How good are `ask`'s answers and probabilities, and which numbers calibrate them?

Usage: python benchmarks/evidence.py [SQUAD.json ...] [--json]

Each file (the bundled sample without one) is indexed by its contexts. Every second context of a file whose questions
all have answers is left out, so that its questions have none. Questions are fitted on one half and measured on the
other. The last row is fitted on all questions of all files.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np

from medenc.data.examples import Question
from medenc.data.readers.squad import Squad
from medenc.data.reading import Rejects
from medenc.data.records import Passage
from medenc.search.evidence import Calibration, Sentence, answer, calibrate
from medenc.search.index import Index
from medenc.text.analyzer import Analyzer

Asked = tuple[Question, list[Sentence]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "squad", nargs="*", type=Path, default=[Path(str(files("medenc").joinpath("sample/questions.json")))]
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows, everything = {}, []
    for path in arguments.squad:
        asked = candidates_of(path)
        everything += asked
        halves = asked[::2], asked[1::2]
        rows[path.name] = measured(halves[1], calibrate(halves[0]))
    fitted = calibrate(everything)
    rows["all, fitted on all"] = measured(everything, fitted)
    found = {"rows": rows, "calibration": fitted.model_dump()}
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if arguments.json else table(rows) + f"\n{fitted!r}\n")


def candidates_of(path: Path) -> list[Asked]:
    """The questions of a file with their candidate sentences, in a fixed random order."""
    questions = list(Squad().read(path, Rejects()))
    contexts = list(dict.fromkeys(question.context for question in questions))
    kept = contexts if any(question.impossible for question in questions) else contexts[::2]
    with tempfile.TemporaryDirectory() as folder:
        index = Index.create(Path(folder) / "index", Analyzer())
        index.add(Passage(str(number), context) for number, context in enumerate(kept))
        asked = [(question, index.candidates(question.question)) for question in questions]
    there = set(kept)
    honest = [
        (question if question.context in there else replace(question, answers=()), found) for question, found in asked
    ]
    return [honest[place] for place in np.random.default_rng(0).permutation(len(honest))]


def measured(asked: Sequence[Asked], calibration: Calibration) -> dict[str, float]:
    """Accuracy of the best sentence, and how well the probability of no answer separates and is calibrated."""
    results = [(question, answer(question.question, found, calibration, 1)) for question, found in asked]
    right = [_right(question, result.answers[0]) for question, result in results if question.answers and result.answers]
    none = np.array([result.no_answer_probability for _, result in results])
    truly = np.array([not question.answers for question, _ in results])
    return {
        "questions": len(asked),
        "without answer": int(truly.sum()),
        "right sentence first": float(np.mean(right)),
        "AUC no answer": float((none[truly][:, None] > none[~truly]).mean()),
        "Brier no answer": float(((none - truly) ** 2).mean()),
        "Brier of the base rate": float(truly.mean() * (1 - truly.mean())),
    }


def _right(question: Question, best: object) -> bool:
    start = question.context.find(best.text)
    return start >= 0 and any(
        start < a.start + len(a.text) and a.start < start + len(best.text) for a in question.answers
    )


def table(rows: dict[str, dict[str, float]]) -> str:
    names = list(next(iter(rows.values())))
    lines = [f"{'':<32}" + "".join(f"{name:>24}" for name in names)]
    lines += [f"{label:<32}" + "".join(f"{row[name]:>24.3f}" for name in names) for label, row in rows.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
