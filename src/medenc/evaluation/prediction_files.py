"""Predictions as JSON lines, and the wrong ones beside what is right."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from medenc.core.files import write_bytes
from medenc.decoding.contract import Task
from medenc.evaluation.tasks import Measured

PREDICTIONS, ERRORS = "predictions.jsonl", "errors.jsonl"


def write_predictions(
    folder: Path,
    task: Task,
    rows: Sequence[Any],
    predictions: Sequence[Any],
    name: str = PREDICTIONS,
    truncated: Sequence[int] = (),
) -> None:
    """One line a row, in order: its id, the prediction, and how many tokens of the row were not read, if any."""
    unread = truncated or [0] * len(rows)
    _write(
        folder / name,
        (
            {"id": row.id, **task.to_json(own)} | ({"truncated": lost} if lost else {})
            for row, own, lost in zip(rows, predictions, unread, strict=True)
        ),
    )


def write_errors(folder: Path, found: Measured) -> None:
    """One line a row, or group, that is not wholly right: its id, the confidence, what is right, what was predicted."""
    wrong = (
        {
            "id": row.id,
            "confidence": round(sure, 6),
            "gold": found.task.to_json(found.task.gold(row)),
            "predicted": found.task.to_json(own),
        }
        for row, own, sure, right in zip(*found.units, found.sure, found.right, strict=True)
        if not right
    )
    _write(folder / ERRORS, wrong)


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    write_bytes(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode("utf-8", "replace"))
