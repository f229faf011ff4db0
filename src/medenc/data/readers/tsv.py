"""Texts and pairs with labels in tab-separated columns: BLURB, ChineseBLUE, CHIP-CDN as pairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Literal

from medenc.core.plugins import Plugin
from medenc.data.columns import cells
from medenc.data.examples import Labelled
from medenc.data.readers.labelled import classes, score
from medenc.data.reading import RecordError, Rejects, lines, one_record

Column = Literal["id", "text", "pair", "label", "group", "-"]


class Tsv(Plugin):
    """One row a line; quotes are text, as in every publication of these sets.

    Some copies of BLURB have a header where others have none: a row whose label is the word `label` is left out and
    counted, otherwise it would become a class.
    """

    gives: ClassVar[type] = Labelled
    encoding: str = "utf-8"
    columns: tuple[Column, ...] = ("id", "text", "label")
    header: bool = False
    regression: bool = False  # the label is a number on a scale, not a class
    negative: str = ""  # a label that contains this is written 0: BLURB's "false" of ChemProt and DDI
    rename: Mapping[str, str] = {}

    def read(self, path: Path, rejects: Rejects) -> Iterator[Labelled]:
        """Yield every row; without an id it is called by the file's name and its line."""
        stem = path.name.split(".")[0]
        for number, line in lines(path, rejects, self.encoding):
            if number > int(self.header) and line.strip():

                def parse(text: str, number: int = number) -> list[Labelled]:
                    row = dict(zip(self.columns, cells(text, "\t", len(self.columns)), strict=True))
                    if row.get("label") == "label":
                        rejects.filtered("a header")
                        return []
                    return [self._example(row, f"{stem}-{number}")]

                yield from one_record(path, number, line, rejects, parse)

    def _example(self, row: Mapping[Column, str], name: str) -> Labelled:
        if "text" not in row:
            raise RecordError("no column is called 'text': set the option `columns`")
        label: str | float | tuple[str, ...] | None = None
        if "label" in row:
            label = score(row["label"]) if self.regression else classes(row["label"], self.rename)
            if self.negative and isinstance(label, str) and self.negative in label:
                label = "0"
        return Labelled(row.get("id", name), row["text"], label, row.get("pair", ""), row.get("group", ""))
