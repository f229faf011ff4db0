"""Part: one side of a file that its publisher did not divide into training and test rows."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any, Literal

from pydantic import Field

from medenc.core.errors import MedencError, did_you_mean
from medenc.core.plugins import Plugin

HASHES = 1 << 32


class Part(Plugin):
    """The rows for training, or those held out; rows that agree in the field `by` stay on one side.

    The side is told by a hash of that field, so that it stays when the file grows or is shuffled.
    """

    side: Literal["train", "held_out"]
    share: float = Field(default=0.2, gt=0, lt=1)  # that is held out, about
    by: str = "id"  # context for questions about one text, text for premises with several hypotheses
    most: int | None = Field(default=None, ge=1)  # rows of this side; the first ones

    def apply(self, records: Iterable[Any]) -> Iterator[Any]:
        """The rows of this side, in order. Raises: MedencError for records without the field."""
        given = 0
        for record in records:
            if self._held_out(record) == (self.side == "held_out"):
                given += 1
                yield record
            if given == self.most:
                return

    def _held_out(self, record: Any) -> bool:
        return zlib.crc32(value_of(record, self.by).encode()) < self.share * HASHES


def value_of(record: Any, by: str) -> str:
    """The text of the field by which rows stay together. Raises: MedencError for records without it."""
    value = getattr(record, by, None)
    if not isinstance(value, str):
        known = [part.name for part in fields(record) if isinstance(getattr(record, part.name), str)]
        raise MedencError(f"a {type(record).__name__} has no text '{by}'", where="by", hint=did_you_mean(by, known))
    return value
