"""CMeEE (CBLUE): Chinese texts with nine types of entities, nested ones included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.documents import Row, exact_text, json_records, rows_under, whole_number
from medenc.data.examples import Annotated, Entity
from medenc.data.placing import placed
from medenc.data.reading import Rejects, text_field


class Cmeee(Plugin):
    """One JSON array of `{text, entities: [{start_idx, end_idx, type, entity}]}`.

    The end is inclusive in the first edition and exclusive in the second; the words beside it decide.
    """

    gives: ClassVar[type] = Annotated
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Annotated]:
        """Yield every text; the id is its place in the file, from 1."""

        def parse(number: int, row: Row) -> list[Annotated]:
            text = exact_text(row, "text")
            entities = []
            for item in rows_under(row, "entities"):
                words, start, label = (
                    exact_text(item, "entity"),
                    whole_number(item, "start_idx"),
                    text_field(item, "type"),
                )
                if span := placed(text, words, start, rejects.parts, path, number):
                    entities.append(Entity(*span, label))
            return [Annotated(f"{path.name.split('.')[0]}-{number}", text, tuple(entities))]

        return json_records(path, rejects, parse, self.encoding)
