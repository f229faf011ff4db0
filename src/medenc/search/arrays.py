"""Dataclasses of arrays as `.npy` files that are mapped into memory."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from medenc.search.ragged import Ragged

T = TypeVar("T")


def save(folder: Path, record: Any, prefix: str, but: str = "") -> None:
    """Write the arrays of a dataclass, ragged ones in two files; the field `but` and what is no array are left out."""
    for field in (field for field in fields(record) if field.name != but):
        value = getattr(record, field.name)
        parts = {"": value.data, ".offsets": value.offsets} if isinstance(value, Ragged) else {"": value}
        for ending, part in parts.items():
            if isinstance(part, np.ndarray):
                np.save(folder / f"{prefix}.{field.name}{ending}.npy", part, allow_pickle=False)


def load(folder: Path, kind: type[T], prefix: str, **others: Any) -> T:
    """The dataclass with its arrays mapped; `others` are the fields that are no arrays."""

    own = {field.name: field.type for field in fields(kind) if field.name not in others}  # type: ignore[arg-type]
    columns = {
        name: ragged(folder, f"{prefix}.{name}") if "Ragged" in str(annotation) else mapped(folder, f"{prefix}.{name}")
        for name, annotation in own.items()
    }
    return kind(**columns, **others)


def ragged(folder: Path, name: str) -> Ragged:
    """Rows of different lengths, mapped into memory."""
    return Ragged(mapped(folder, name), mapped(folder, f"{name}.offsets"))


def mapped(folder: Path, name: str) -> np.ndarray:
    """An array mapped into memory, as a plain one, whose slices are ten times cheaper."""
    array: np.ndarray = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    return array.view(np.ndarray)
