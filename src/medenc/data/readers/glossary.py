"""Two-language term lists in CSV, as TICO-19 publishes them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.reading import RecordError, Rejects, lines
from medenc.data.records import Name

COLUMNS = ("sourceLang", "targetLang", "sourceString", "targetString")


class Glossary(Plugin):
    """A header, the concept's id in the first column, then among others `sourceLang … targetString`."""

    gives: ClassVar[type] = Name
    encoding: str = "utf-8"
    separator: str = " : "  # between several translations of one term

    def read(self, path: Path, rejects: Rejects) -> Iterator[Name]:
        """Yield the source term and its translations; the id is made unique with the file's name."""
        rows = csv.reader(f"{line}\n" for _, line in lines(path, rejects, self.encoding))
        header = next(rows, [])
        if missing := [name for name in COLUMNS if name not in header]:
            raise MedencError(f"no column '{missing[0]}'", where=f"{path}:1")
        for row in rows:
            try:
                names = self._names(path.name, dict(zip(header, row, strict=True)), row[0] if row else "")
            except ValueError:
                reason = f"expected {len(header)} columns, found {len(row)}"
                rejects.add(path, rows.line_num, reason, ",".join(row))
            except RecordError as error:
                rejects.add(path, rows.line_num, str(error), ",".join(row))
            else:
                rejects.kept()
                yield from names

    def _names(self, file: str, row: dict[str, str], id_: str) -> list[Name]:
        source, targets = row["sourceString"].strip(), row["targetString"].split(self.separator)
        translated = [term.strip() for term in targets if term.strip()]
        if not id_ or not source or not translated:
            raise RecordError("no id, source or translation")
        concept = f"{file}:{id_}"
        names = [Name(concept, source, _language(row["sourceLang"]))]
        return names + [Name(concept, term, _language(row["targetLang"])) for term in translated]


def _language(code: str) -> str:
    """`ko_KR` and `zh-Hans` are `ko` and `zh`."""
    return code.replace("_", "-").split("-")[0].lower()
