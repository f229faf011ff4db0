"""Texts with annotated words in one JSON object each; benchmarks agree on the form and name its fields differently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from medenc.data.documents import Row, exact_text, json_records, rows_under, whole_number
from medenc.data.examples import Annotated, Entity
from medenc.data.placing import placed
from medenc.data.reading import Rejects, text_field


@dataclass(frozen=True, slots=True)
class Fields:
    """Where a benchmark keeps its annotations, and in them the words and the offset of their start."""

    annotations: str
    words: str
    start: str


def annotated_texts(path: Path, rejects: Rejects, fields: Fields, encoding: str = "utf-8") -> Iterator[Annotated]:
    """Yield every text; the id is the file's name and the line, or the place in an array, from 1.

    The end of an annotation is where its words end: whether a file counts it inclusively does not matter.
    """

    def parse(number: int, row: Row) -> list[Annotated]:
        text, entities = exact_text(row, "text"), []
        for item in rows_under(row, fields.annotations):
            words, start = exact_text(item, fields.words), whole_number(item, fields.start)
            if span := placed(text, words, start, rejects.parts, path, number):
                entities.append(Entity(*span, text_field(item, "type")))
        return [Annotated(f"{path.name.split('.')[0]}-{number}", text, tuple(entities))]

    return json_records(path, rejects, parse, encoding)
