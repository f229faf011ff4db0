"""Texts with mentions beside them, as ChineseBLUE publishes cMedQANER."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.documents import Row, exact_text, json_records, rows_under, whole_number
from medenc.data.examples import Annotated, Entity
from medenc.data.placing import placed
from medenc.data.reading import Rejects, text_field


class Mentions(Plugin):
    """JSON lines of `{text, mention_data: [{mention, type, offset}]}`; offsets are strings, and some are wrong."""

    gives: ClassVar[type] = Annotated
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Annotated]:
        """Yield every text; the id is the file's name and the line."""

        def parse(number: int, row: Row) -> list[Annotated]:
            text = exact_text(row, "text")
            entities = []
            for item in rows_under(row, "mention_data"):
                words, start, label = (
                    exact_text(item, "mention"),
                    whole_number(item, "offset"),
                    text_field(item, "type"),
                )
                if span := placed(text, words, start, rejects.parts, path, number):
                    entities.append(Entity(*span, label))
            return [Annotated(f"{path.name.split('.')[0]}-{number}", text, tuple(entities))]

        return json_records(path, rejects, parse, self.encoding)
