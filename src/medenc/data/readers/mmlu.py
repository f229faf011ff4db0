"""MMLU: comma-separated question, four options and the letter of the right one."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.examples import Choice
from medenc.data.reading import RecordError, Rejects, lines

LETTERS = "ABCD"


class Mmlu(Plugin):
    """Files without a header, `{subject}_{split}.csv`; fields may hold line feeds and doubled quotes."""

    gives: ClassVar[type] = Choice
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Choice]:
        """Yield the questions; the number in an id is the row's, that in an error the line's where the row ends."""
        stem = path.name.split(".")[0]
        rows = csv.reader((f"{line}\n" for _, line in lines(path, rejects, self.encoding)), strict=True)
        for number in itertools.count(1):
            try:
                row = next(rows)
                choice = _choice(f"{stem}-{number}", row, stem.rpartition("_")[0])
            except StopIteration:
                return
            except csv.Error as error:
                rejects.add(path, rows.line_num, f"not CSV: {error}")
            except RecordError as error:
                rejects.add(path, rows.line_num, str(error), ",".join(row))
            else:
                rejects.kept()
                yield choice


def _choice(id_: str, row: list[str], subject: str) -> Choice:
    if len(row) != 2 + len(LETTERS):
        raise RecordError(f"expected {2 + len(LETTERS)} columns, found {len(row)}")
    question, *options, letter = (cell.strip() for cell in row)
    if not question or not all(options):
        raise RecordError("an empty question or option")
    if letter not in LETTERS or len(letter) != 1:
        raise RecordError(f"the last column is none of {', '.join(LETTERS)}")
    return Choice(id_, question, tuple(options), LETTERS.index(letter), metadata={"subject_name": subject})
