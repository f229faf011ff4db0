"""KOSTOM, the Korean standard terminology of medicine, as its tab-separated export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.reading import RecordError, Rejects, records
from medenc.data.records import Name

CODE, ENGLISH, KOREAN, CUI = 0, 2, 3, 4  # columns after CUI hold codes of other systems
ABSENT = {"", "n/a", "nan", "null"}


class Kostom(Plugin):
    """Korean and English names under their UMLS concept.

    English is lower-cased, as the published SapBERT-KO-EN was trained; give `lowercase=False` for a cased model.
    Source: SapBERT-KO-EN's preprocessing, which also deletes commas and apostrophes inside terms; we keep them.
    """

    gives: ClassVar[type] = Name
    encoding: str = "cp949"
    lowercase: bool = True
    own_codes: bool = False  # rows without a UMLS concept keep their KOSTOM code instead of being left out

    def read(self, path: Path, rejects: Rejects) -> Iterator[Name]:
        """Yield the names of every row below the header."""

        def parse(line: str) -> list[Name]:
            row = [cell.strip().strip('"').strip() for cell in line.split("\t")]
            if len(row) <= CUI:
                raise RecordError(f"expected at least {CUI + 1} columns, found {len(row)}")
            if not row[CUI] and not self.own_codes:
                rejects.filtered("no UMLS concept")
                return []
            return self._names(row)

        return records(path, rejects, parse, self.encoding, skip=1)

    def _names(self, row: list[str]) -> list[Name]:
        concept = row[CUI] or row[CODE]
        english = row[ENGLISH].lower() if self.lowercase else row[ENGLISH]
        names = [Name(concept, term, language) for term, language in ((english, "en"), (row[KOREAN], "ko"))]
        names = [name for name in names if name.term.lower() not in ABSENT]
        if not concept or not names:
            raise RecordError("no code" if not concept else "no term")
        return names
