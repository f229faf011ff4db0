"""CMeIE (CBLUE): Chinese texts with subject–predicate–object triples, given as strings without offsets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from medenc.core.plugins import Plugin
from medenc.data.documents import Row, exact_text, json_records, rows_under
from medenc.data.examples import Annotated, Entity, Triple
from medenc.data.placing import nearest_pair
from medenc.data.reading import RecordError, Rejects, text_field


class Cmeie(Plugin):
    """JSON lines of `{text, spo_list: [{predicate, subject, subject_type, object, object_type}]}`.

    Every triple is kept with its strings, on which the task is scored. It is placed at the two occurrences that lie
    nearest to each other; where a string is not in the text its span is None, which is counted.
    Source: PaddleNLP's reader takes the first occurrences and drops triples whose subject and object overlap.
    """

    gives: ClassVar[type] = Annotated
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Annotated]:
        """Yield every text with its triples, and the entities they speak of."""

        def parse(number: int, row: Row) -> list[Annotated]:
            text = exact_text(row, "text")
            triples = tuple(_triple(text, item) for item in rows_under(row, "spo_list"))
            for triple in triples:
                if triple.subject_span and triple.object_span:
                    rejects.parts.found()
                else:
                    rejects.parts.set_aside(path, number, "a triple whose words are not in the text: kept as strings")
            return [Annotated(f"{path.name.split('.')[0]}-{number}", text, _entities(triples), triples)]

        return json_records(path, rejects, parse, self.encoding)


def _triple(text: str, item: Row) -> Triple:
    subject, target = exact_text(item, "subject"), _value(item.get("object"), "object")
    ours, theirs = nearest_pair(text, subject, target)
    kinds = text_field(item, "subject_type"), _value(item.get("object_type"), "object_type")
    return Triple(subject, text_field(item, "predicate"), target, ours, theirs, *kinds)


def _value(given: Any, name: str) -> str:
    """The string that stands directly or as `{"@value": …}`."""
    value = given.get("@value") if isinstance(given, dict) else given
    if not isinstance(value, str) or not value.strip():
        raise RecordError(f"'{name}' is neither a string nor an object with '@value'")
    return value


def _entities(triples: tuple[Triple, ...]) -> tuple[Entity, ...]:
    sides = [(t.subject_span, t.subject_type) for t in triples] + [(t.object_span, t.object_type) for t in triples]
    return tuple(sorted({Entity(*span, kind) for span, kind in sides if span}, key=lambda entity: entity.span))
