"""What readers, labels and decoding give back of the annotations of real files, without any model.

For each file and scheme: the items that the reader placed, repaired and set aside, those that the scheme's own labels
cannot hold, and those that come back when a perfect model says exactly what it was taught. The scorer's main measure
is that of the decoded items against the file's.

Run: python benchmarks/losses.py --data DATA [--only WORD…] [--most ROWS]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from medenc.core.plugins import build
from medenc.data.examples import Annotated, Choice, Labelled, Question
from medenc.data.reading import Rejects
from medenc.decoding.contract import Task
from medenc.text.tokenizer import train_wordpiece

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "tasks"))
from ideal import IDEAL  # type: ignore[import-not-found]

Values = dict[str, Any]
SPANS: Values = {"use": "entity_spans"}
CHARACTER_SPANS: Values = {"use": "entity_spans", "unit": "character"}
TAGS: Values = {"use": "tagging"}
QA: Values = {"use": "extractive_qa", "max_answer_tokens": 10_000, "no_answer": False}
CONLL: Values = {"use": "conll"}
CHARACTERS: Values = {"use": "conll", "joined_by": ""}


@dataclass(frozen=True)
class File:
    """A file with the reader for it, and the schemes that are tried on it."""

    path: str
    reader: Values
    schemes: tuple[Values, ...]
    max_tokens: int = 512


def files(data: Path) -> Iterator[File]:
    """The labelled files of the folder."""
    for folder in sorted((data / "ner_en_mtl2016").glob("*-IOB")):
        for part in sorted(folder.glob("*.tsv.gz")):
            yield File(str(part.relative_to(data)), CONLL, (SPANS, TAGS))
    for name in ("train", "dev"):
        yield File(f"chineseblue/cMedQANER/{name}.json.gz", {"use": "mentions"}, (CHARACTER_SPANS,))
        yield File(f"chineseblue/cMedQANER/{name}.txt.gz", CHARACTERS, (CHARACTER_SPANS, {**TAGS, "unit": "character"}))
    for part in sorted((data / "ncbi_disease").glob("conll/*")):
        yield File(str(part.relative_to(data)), CONLL, (SPANS, TAGS))
    yield File("klue/klue-ner-v1.1_dev.tsv.gz", CHARACTERS, (CHARACTER_SPANS, {**TAGS, "unit": "character"}))
    yield File("scibert_tasks/pico/ebmnlp/dev.txt.gz", CONLL, (SPANS, TAGS))
    yield File("bc5cdr_sample_pubtator/CDR_sample.txt", {"use": "pubtator"}, (CHARACTER_SPANS, SPANS))
    triples = tuple({"use": "triples", "scheme": scheme} for scheme in ("linked", "published"))
    yield File("diakg_sample/sample.json", {"use": "diakg"}, (CHARACTER_SPANS, *triples, {"use": "relation"}))
    for name in ("factoid_train", "factoid_dev", "list_train", "list_dev"):
        learn = "each" if name.startswith("list") else "first"
        yield File(f"bioasq_golden/derived_squad/{name}.json.gz", {"use": "squad"}, ({**QA, "learn": learn},), 384)
    for name in ("200423_covidQA", "derived_fixed_offsets"):
        yield File(f"covid_qa/{name}.json.gz", {"use": "squad"}, (QA,))
    yield File("cmrc2018/cmrc2018_trial.json.gz", {"use": "squad"}, ({**QA, "unit": "character"},))
    yield File("mcq_en/medmcqa_dev.jsonl.gz", {"use": "choices"}, ({"use": "multiple_choice"},))


def line(data: Path, file: File, scheme: Values, most: int | None) -> str:
    """A row of the table."""
    rejects = Rejects()
    rows = list(build("reader", file.reader, file.path).read(data / file.path, rejects))[:most]  # type: ignore[attr-defined]
    rejects.finish()
    task = cast(Task, build("task", scheme, file.path))
    tokenizer = train_wordpiece(sorted({text for row in rows for text in _texts(row)}), 5000)
    tokenizer.add_special_tokens(list(task.added_tokens))
    labels = task.labels_of(rows)
    features, counts = task.features(rows, tokenizer, labels, file.max_tokens, learn=True)
    head = task.head_options(labels)
    found = [task.read(IDEAL[head["use"]](feature, head), feature, labels) for feature in features]
    kept = sorted({feature.row for feature in features})
    predictions = task.decode(found, features, rows, labels)
    score = task.score([rows[row] for row in kept], [predictions[row] for row in kept], labels)[task.main_measure]
    parts = rejects.report()["parts"]
    n_back = sum(task.right(rows[row], predictions[row]) for row in kept)
    repaired, aside = sum(parts["repaired"].values()), sum(parts["set_aside"].values())
    name = scheme["use"] + "".join(f" {scheme[key]}" for key in ("scheme", "unit") if key in scheme)
    cells = [file.path, name, len(rows), sum(map(_items, rows)), repaired, aside, counts.get("lost", 0), n_back]
    return f"| {' | '.join(map(str, cells))} | {score:.4f} |"


def _texts(row: Any) -> tuple[str, ...]:
    return (row.context, row.question) if isinstance(row, Question | Choice) else (row.text,)


def _items(row: Any) -> int:
    """Entities and triples of a text, answers of a question."""
    match row:
        case Annotated():
            return len(row.entities) + len(row.triples)
        case Question():
            return len(row.answers)
        case Choice() | Labelled():
            return 1
    raise TypeError(type(row).__name__)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=[""], help="words of the paths")
    parser.add_argument("--most", type=int, help="rows of a file")
    asked = parser.parse_args()
    print(
        "| file | scheme | rows | items | repaired | set aside | lost | rows right | score |\n|" + "---|" * 9,
        flush=True,
    )
    for file in files(asked.data):
        if any(word in file.path for word in asked.only):
            for scheme in file.schemes:
                print(line(asked.data, file, scheme, asked.most), flush=True)


if __name__ == "__main__":
    main()
