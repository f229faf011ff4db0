"""Fold: one of a file's parts that are held out in turn, for cross-validation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.transforms.part import value_of


class Fold(Plugin):
    """The rows of part `number` of `folds`, or those of all others; rows that agree in the field `by` stay together.

    Every row is held out once, and parts differ by one value of that field at most. Unlike with `part`, rows may change
    their part when the file grows.
    """

    side: Literal["train", "held_out"]
    number: int = Field(ge=0)  # from 0
    folds: int = Field(ge=2)
    by: str = "id"

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.number >= self.folds:
            raise ValueError(f"the parts of {self.folds} are counted from 0 to {self.folds - 1}")
        return self

    def apply(self, records: Iterable[Any]) -> Iterator[Any]:
        """The rows of this side, in order. Raises: MedencError for records without the field, or too few values."""
        rows = [(value_of(record, self.by), record) for record in records]
        values = sorted({value for value, _ in rows}, key=_mixed)
        if len(values) < self.folds:
            raise MedencError(
                f"{len(rows)} rows with {len(values)} values of '{self.by}' make no {self.folds} parts",
                where="folds",
                hint="fewer parts, or another `by`",
            )
        held_out = set(values[self.number :: self.folds])
        yield from (record for value, record in rows if (value in held_out) == (self.side == "held_out"))


def _mixed(value: str) -> bytes:
    """An order that has nothing to do with the file's or the alphabet's."""
    return hashlib.blake2b(value.encode()).digest()
