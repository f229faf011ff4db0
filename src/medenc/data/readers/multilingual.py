"""A table of translations: a header of language codes, one concept a row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.columns import cells
from medenc.data.reading import RecordError, Rejects, lines, one_record
from medenc.data.records import Name


class Multilingual(Plugin):
    """Tab-separated `code ko en zh`; a cell may be empty, a row may not."""

    gives: ClassVar[type] = Name
    encoding: str = "utf-8"
    ids: bool = True  # the first column holds concept ids; without them a row is its own concept

    def read(self, path: Path, rejects: Rejects) -> Iterator[Name]:
        """Yield a name for every filled cell."""
        header: list[str] | None = None
        for number, line in lines(path, rejects, self.encoding):
            if not line.strip():
                continue
            if header is None:
                header = self._languages(line, path, number)
                continue
            row_id = "" if self.ids else f"{path.name}:{number}"
            yield from one_record(path, number, line, rejects, lambda row: self._parse(row, header, row_id))  # noqa: B023

    def _languages(self, line: str, path: Path, number: int) -> list[str]:
        columns = [cell.strip() for cell in line.split("\t")][int(self.ids) :]
        if not columns or not all(c.isascii() and c.replace("-", "").isalpha() and len(c) <= 8 for c in columns):
            raise MedencError(
                "expected a header: an id column, then language codes", where=f"{path}:{number}", hint="code ko en zh"
            )
        return columns

    def _parse(self, line: str, header: list[str], row_id: str) -> list[Name]:
        row = cells(line, "\t", len(header) + int(self.ids), empty=True)
        concept, terms = (row[0], row[1:]) if self.ids else (row_id, row)
        names = [Name(concept, term, language) for term, language in zip(terms, header, strict=True) if term]
        if not concept or not names:
            raise RecordError("no id" if not concept else "no term in any language")
        return names
