"""Pairs of names of one concept: `id||a||b`, SapBERT's training file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.columns import cells
from medenc.data.reading import Rejects, records
from medenc.data.records import Name


class NamePairs(Plugin):
    """Two names a line; a name that comes in several pairs is given each time."""

    gives: ClassVar[type] = Name
    encoding: str = "utf-8"
    separator: str = "||"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Name]:
        """Yield both names of every line."""

        def parse(line: str) -> list[Name]:
            concept, first, second = cells(line, self.separator, 3)
            return [Name(concept, first), Name(concept, second)]

        return records(path, rejects, parse, self.encoding)
