"""Passages as JSON lines: `{"id" | "_id", "text", "title"?, "metadata"?}`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from medenc.core.plugins import Plugin
from medenc.data.reading import RecordError, Rejects, identifier, json_object, records, text_field
from medenc.data.records import Passage

NAMED = ("id", "_id", "text", "title", "metadata")


class Passages(Plugin):
    """JSON lines of passages; fields without a meaning of their own become metadata."""

    gives: ClassVar[type] = Passage
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Passage]:
        """Yield the passages of a file; an id may come again only with the same content, which is then skipped."""

        def parse(line: str) -> list[Passage]:
            passage = _passage(json_object(line))
            return [] if rejects.repeated(passage.id, (passage.title, passage.text)) else [passage]

        return records(path, rejects, parse, self.encoding)


def _passage(row: dict[str, Any]) -> Passage:
    id_ = identifier(row, "_id", "id")
    title = text_field(row, "title") if row.get("title") is not None else ""
    text = text_field(row, "text")
    if not text and not title:
        raise RecordError("an empty text")
    return Passage(id_, text, title, metadata(row))


def metadata(row: dict[str, Any]) -> dict[str, Any]:
    """The `metadata` of a row together with its other fields. Raises: RecordError when `metadata` is no object."""
    given = row.get("metadata")
    if not isinstance(given, dict | None):
        raise RecordError("'metadata' is not an object")
    return {key: value for key, value in row.items() if key not in NAMED} | (given or {})
