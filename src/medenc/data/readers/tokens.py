"""Entity data as LinkBERT lays it out: JSON lines of tokens and their tags."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.documents import Row, json_records
from medenc.data.examples import Annotated
from medenc.data.readers.conll import annotate
from medenc.data.reading import RecordError, Rejects, identifier


class Tokens(Plugin):
    """`{"id", "tokens": […], "ner_tags": […]}`, tags as words; without tags the text is unlabelled."""

    gives: ClassVar[type] = Annotated
    encoding: str = "utf-8"
    joined_by: str = " "
    unnamed: str = "entity"  # the label of bare B and I
    each_word: bool = False  # every labelled token is an entity of its own (EBM PICO as BLURB scores it)

    def read(self, path: Path, rejects: Rejects) -> Iterator[Annotated]:
        """Yield a text for every line."""

        def parse(number: int, row: Row) -> list[Annotated]:
            tokens, tags = _strings(row, "tokens"), _strings(row, "ner_tags") if "ner_tags" in row else []
            if not tokens or (tags and len(tags) != len(tokens)):
                raise RecordError(f"{len(tokens)} tokens but {len(tags)} tags")
            id_ = identifier(row, "id") if "id" in row else f"{path.name.split('.')[0]}-{number}"
            return [annotate(id_, tokens, tags, self.joined_by, self.unnamed, self.each_word)]

        return json_records(path, rejects, parse, self.encoding)


def _strings(row: Row, name: str) -> list[str]:
    value = row.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise RecordError(f"'{name}' is not a list of strings")
    return value
