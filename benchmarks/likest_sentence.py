"""Answers without a model: the sentence of the context that is most like the question, by characters and by BM25.

The first is the trivial way that reports print beside `extractive_qa`, the second what `mark_sentences` shows to
a model.

Run: python benchmarks/likest_sentence.py --data DATA [--only covid-qa]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from medenc.data.examples import Question
from medenc.data.mixing import Source, read_sources
from medenc.decoding.best_sentences import ranked_sentences
from medenc.decoding.shared_words import words_of
from medenc.metrics.answers import compare, summarize
from medenc.tasks.extractive_qa import ExtractiveQa
from tasks import SETS, placed

DEPTHS = (1, 3, 10)


def f1(rows: list[Question], texts: list[str]) -> float:
    """Of the accepted answers, by words."""
    accepted = {place: tuple(answer.text for answer in row.answers) for place, row in enumerate(rows)}
    return summarize(accepted, compare(accepted, dict(enumerate(texts)), "word"))["f1"]


def measured(rows: list[Question]) -> Iterator[str]:
    """The lines about some questions."""
    name, trivial = ExtractiveQa().baseline([], rows)
    yield f"{name}, by pairs of characters: F1 {f1(rows, [one.text for one in trivial]):.3f}"
    ranked = ranked_sentences(rows, words_of([text for row in rows for text in (row.question, row.context)]))
    best = [row.context[slice(*spans[0])] if len(spans) else "" for row, spans in zip(rows, ranked, strict=True)]
    yield f"{name}, by BM25: F1 {f1(rows, best):.3f}"
    starts = [row.answers[0].start for row in rows]
    held = [(spans[:, 0] <= start) & (start < spans[:, 1]) for spans, start in zip(ranked, starts, strict=True)]
    for depth in DEPTHS:
        yield f"the answer begins in the first {depth}: {np.mean([own[:depth].any() for own in held]):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", choices=SETS, default="covid-qa")
    asked = parser.parse_args()
    rows, _ = read_sources(
        [Source.parse(one, "rows") for one in placed(SETS[asked.only].rows.test, asked.data)], "rows"
    )
    for line in measured(rows):
        print(line, flush=True)


if __name__ == "__main__":
    main()
