"""What happened at each step: exact lines in `metrics.jsonl`, curves for TensorBoard."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Self

from torch.utils.tensorboard import SummaryWriter

from medenc.core.files import write_bytes

LINES = "metrics.jsonl"


class Journal:
    """Appends one line a step; lines after the step at which a run resumes are dropped, for they come again.

    The lines hold no clock time, so those of an interrupted and an uninterrupted run are equal.
    """

    def __init__(self, folder: Path, curves: Path, step: int, *, active: bool = True) -> None:
        """`folder` gets the lines, `curves` the event files; `step` steps are done already.

        Only one of several processes is `active`; the others write nothing.
        """
        self._active = active
        if active:
            path = folder / LINES
            kept = path.read_bytes().splitlines(keepends=True)[:step] if path.exists() else []
            write_bytes(path, b"".join(kept))
            self._file = path.open("a", encoding="utf-8")
            self._curves = SummaryWriter(str(curves), purge_step=step or None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._active:
            self._file.close()
            self._curves.close()

    def add(self, line: dict[str, Any], **rates: float) -> None:
        """Write a step's line; `rates` (which depend on the clock) go to the curves alone."""
        if not self._active:
            return
        self._file.write(json.dumps(line, allow_nan=False) + "\n")
        self._file.flush()
        losses = {f"loss/{name}": value for name, value in line["losses"].items()}
        for name, value in {**losses, "learning_rate": line["learning_rate"], **rates}.items():
            self._curves.add_scalar(name, value, line["step"])

    def sync(self) -> None:
        """Bring the lines to the disk; before every checkpoint, so that it never knows more than they do."""
        if self._active:
            os.fsync(self._file.fileno())
