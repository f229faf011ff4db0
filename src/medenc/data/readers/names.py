"""Names of concepts: `id||term`, the dictionary of SapBERT and BioSyn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.columns import cells
from medenc.data.reading import Rejects, records
from medenc.data.records import Name


class Names(Plugin):
    """One name a line, spaces around the separator allowed; an id may hold several ids joined by `|`."""

    gives: ClassVar[type] = Name
    encoding: str = "utf-8"
    separator: str = "||"
    header: bool = False  # the first line names the columns
    context: bool = False  # a third column holds the sentence of the mention (XL-BEL) and is not read
    language: str = ""

    def read(self, path: Path, rejects: Rejects) -> Iterator[Name]:
        """Yield a name for every line; a term that holds the separator is a bad record."""

        def parse(line: str) -> list[Name]:
            concept, term, *_ = cells(line, self.separator, 3 if self.context else 2)
            return [Name(concept, term, self.language)]

        return records(path, rejects, parse, self.encoding, skip=int(self.header))
