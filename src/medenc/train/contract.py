"""All that the bits of a run's result depend on: a run that differs in any of it is another run."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from accelerate import Accelerator
from torch import Tensor

from medenc import __version__
from medenc.train.distributed import describe
from medenc.train.objective import Objective, Row
from medenc.train.options import FitOptions


def contract(
    options: FitOptions,
    objective: Objective,
    accelerate: Accelerator,
    rows: Sequence[Row],
    start: Mapping[str, Tensor],
    dev: str | None,
) -> dict[str, Any]:
    """Names and values.

    Args:
        start: the weights that the run begins with.
        dev: names the development data; None without.
    """
    fit = options.model_dump(exclude={"save_every_steps"})
    return {
        **{f"fit.{name}": value for name, value in fit.items()},
        **{f"objective.{name}": value for name, value in objective.model_dump(mode="json").items()},
        **describe(accelerate),
        "data": rows_digest(rows),
        "dev": dev,
        "start": _weights_digest(start),
        "medenc": __version__,
    }


def rows_digest(rows: Sequence[Row]) -> str:
    """Names the rows; rows that lie on disk know it without being read."""
    if hasattr(rows, "fingerprint"):
        return str(rows.fingerprint)
    found, parts = hashlib.sha256(), _Parts()
    for row in rows:
        found.update(parts.digest(row))
    return found.hexdigest()


class _Parts:
    """Digests of rows' fields, each headed by its kind and length.

    What rows share is hashed once: with hundreds of negatives a row there are many times more of them than passages.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, bytes]] = {}  # by identity, which holds while the part is kept alive
        self._fields: dict[type, list[str]] = {}

    def digest(self, part: Any) -> bytes:
        """Of a row, or of a record in it."""
        if id(part) not in self._known:
            content = b"".join([self._content(getattr(part, name)) for name in self._names(part)])
            self._known[id(part)] = (part, hashlib.sha256(content).digest())
        return self._known[id(part)][1]

    def _names(self, part: Any) -> list[str]:
        kind = type(part)
        if kind not in self._fields:
            self._fields[kind] = [field.name for field in dataclasses.fields(kind)]
        return self._fields[kind]

    def _content(self, value: Any) -> bytes:
        if isinstance(value, tuple):
            return b"".join([b"tuple %d;" % len(value), *map(self._content, value)])
        if isinstance(value, np.ndarray):
            content = value.tobytes()
        elif dataclasses.is_dataclass(value):
            return self.digest(value)
        else:
            content = repr(value).encode()
        return b"%s %d;" % (type(value).__name__.encode(), len(content)) + content


def _weights_digest(weights: Mapping[str, Tensor]) -> str:
    found = hashlib.sha256()
    for name in sorted(weights):
        found.update(name.encode())
        found.update(weights[name].detach().cpu().numpy().data)
    return found.hexdigest()
