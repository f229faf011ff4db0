"""Hallmarks of Cancer as BLURB publishes it: sentences with ten yes/no labels, one abstract after the other."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from medenc.core.plugins import Plugin
from medenc.data.columns import cells
from medenc.data.examples import Labelled
from medenc.data.reading import RecordError, Rejects, records

_FLAG = re.compile(r"(?P<place>\d+)_(?P<value>[01])")


class Hoc(Plugin):
    """Lines `0_0,1_1,…<TAB>sentence<TAB>document_sentence`.

    LinkBERT joins the sentences of an abstract and unites their labels (`abstract`); BioM scores sentences and unites
    predictions per document, which is the `group` of each (`sentence`).
    """

    gives: ClassVar[type] = Labelled
    encoding: str = "utf-8"
    level: Literal["abstract", "sentence"] = "abstract"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Labelled]:
        """Yield abstracts or sentences; the label is the tuple of class numbers, () for none."""

        def parse(line: str) -> list[Labelled]:
            flags, text, id_ = cells(line, "\t", 3)
            if flags in ("label", "labels"):
                rejects.filtered("a header")
                return []
            return [Labelled(id_, text, _classes(flags), group=id_.rpartition("_")[0] or id_)]

        sentences = records(path, rejects, parse, self.encoding)
        if self.level == "sentence":
            yield from sentences
            return
        for document, rows in itertools.groupby(sentences, key=lambda row: row.group):
            yield _united(document, list(rows))


def _united(document: str, rows: list[Labelled]) -> Labelled:
    labels = {name for row in rows if isinstance(row.label, tuple) for name in row.label}
    return Labelled(document, " ".join(row.text for row in rows), tuple(sorted(labels, key=int)), group=document)


def _classes(flags: str) -> tuple[str, ...]:
    found = [_FLAG.fullmatch(flag.strip()) for flag in flags.split(",")]
    if not all(found):
        raise RecordError("the labels are not written 0_0,1_1,…")
    return tuple(flag["place"] for flag in found if flag and flag["value"] == "1")
