"""The files that CBLUE's leaderboard takes: the test file with the model's answers in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from medenc.core.errors import MedencError, did_you_mean
from medenc.core.files import write_bytes, write_json
from medenc.data.documents import Row, each, json_document
from medenc.data.reading import Rejects, json_object, records

Prediction = Mapping[str, Any]
"""As `medenc predict --json` prints it."""


def write_submission(task: str, test: Path, answers: Mapping[str, Prediction], folder: Path) -> Path:
    """Write `<task>_test.json` into `folder`, every record of `test` with its answer, in the file's order.

    Args:
        task: `CMeEE`, `CMeIE`, `CHIP-CDN`, `CHIP-STS`, `CHIP-CTC`, `KUAKE-QIC`, `KUAKE-QTR` or `KUAKE-QQR`.
        answers: by the id of the record, or by `<name of the file>-<place from 1>` where records have none.

    Raises: MedencError for another task, or a record without an answer.
    """
    if task not in FIELDS:
        raise MedencError(f"no such CBLUE task: '{task}'", where="submission", hint=did_you_mean(task, FIELDS))
    name, made = FIELDS[task]
    filled, stem = [], test.name.split(".")[0]
    for number, row in enumerate(_rows(test), start=1):
        id_ = str(row.get("id", f"{stem}-{number}"))
        if id_ not in answers:
            raise MedencError("no answer for this record", where=f"{test}:{number}")
        filled.append({**row, name: made(answers[id_])})
    path = folder / f"{task}_test.json"
    if task == "CMeIE":  # the only one with a record a line
        write_bytes(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in filled).encode())
    else:
        write_json(path, filled)
    return path


def _rows(test: Path) -> list[Row]:
    rejects = Rejects(max_ratio=0)
    if test.suffix == ".jsonl" or test.name.startswith("CMeIE"):
        rows = list(records(test, rejects, lambda line: [json_object(line)]))
    else:
        document = json_document(test)
        if not isinstance(document, list):
            raise MedencError("expected a JSON array", where=test)
        rows = list(each(test, document, rejects, lambda _, row: [row]))
    rejects.finish()
    return rows


def _entities(answer: Prediction) -> list[Row]:
    """Ends are inclusive."""
    return [
        {"start_idx": e["start"], "end_idx": e["end"] - 1, "type": e["label"], "entity": e["text"]}
        for e in answer["entities"]
    ]


def _triples(answer: Prediction) -> list[Row]:
    return [
        {
            "Combined": False,
            "predicate": triple["predicate"],
            "subject": triple["subject"],
            "subject_type": triple.get("subject_type", ""),
            "object": {"@value": triple["object"]},
            "object_type": {"@value": triple.get("object_type", "")},
        }
        for triple in answer["triples"]
    ]


def _terms(answer: Prediction) -> str:
    return "##".join(answer["terms"])


def _label(answer: Prediction) -> str:
    return str(answer["label"])


FIELDS: dict[str, tuple[str, Callable[[Prediction], Any]]] = {
    "CMeEE": ("entities", _entities),
    "CMeIE": ("spo_list", _triples),
    "CHIP-CDN": ("normalized_result", _terms),
    **dict.fromkeys(("CHIP-STS", "CHIP-CTC", "KUAKE-QIC", "KUAKE-QTR", "KUAKE-QQR"), ("label", _label)),
}
