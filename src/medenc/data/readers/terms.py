"""A terminology in three tab-separated columns: concept id, language, term."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.columns import cells
from medenc.data.reading import RecordError, Rejects, records
from medenc.data.records import Name


class Terms(Plugin):
    """One name a line: `S0001<TAB>ko<TAB>고혈압`."""

    gives: ClassVar[type] = Name
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Name]:
        """Yield a name for every line."""
        return records(path, rejects, _parse, self.encoding)


def _parse(line: str) -> list[Name]:
    concept, language, term = cells(line, "\t", 3)
    if not (language.isascii() and language.replace("-", "").isalnum() and len(language) <= 8):
        raise RecordError("the second column is no language code")
    if "||" in term:
        raise RecordError("a '||' in a name: it separates names in other formats")
    return [Name(concept, term, language)]
