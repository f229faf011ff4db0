"""CHIP-CDN (CBLUE): diagnoses as doctors write them, with the standard terms they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.documents import Row, json_records
from medenc.data.examples import Labelled
from medenc.data.reading import Rejects, text_field

SEPARATOR = "##"


class ChipCdn(Plugin):
    """One JSON array of `{text, normalized_result}`, terms joined by `##`, some in quotes; test sets have no terms."""

    gives: ClassVar[type] = Labelled
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Labelled]:
        """Yield the diagnoses; the label is the tuple of standard terms."""

        def parse(number: int, row: Row) -> list[Labelled]:
            joined = text_field(row, "normalized_result") if row.get("normalized_result") else ""
            terms = dict.fromkeys(term for part in joined.split(SEPARATOR) if (term := part.strip(' "')))
            return [Labelled(f"{path.name.split('.')[0]}-{number}", text_field(row, "text"), tuple(terms) or None)]

        return json_records(path, rejects, parse, self.encoding)
