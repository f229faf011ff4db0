"""CMeEE (CBLUE): Chinese texts with nine types of entities, nested ones included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.annotated_texts import Fields, annotated_texts
from medenc.data.examples import Annotated
from medenc.data.reading import Rejects

FIELDS = Fields(annotations="entities", words="entity", start="start_idx")


class Cmeee(Plugin):
    """One JSON array of `{text, entities: [{start_idx, end_idx, type, entity}]}`.

    The end is inclusive in the first edition and exclusive in the second; the words beside it decide.
    """

    gives: ClassVar[type] = Annotated
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Annotated]:
        """Yield every text; the id is its place in the file, from 1."""
        return annotated_texts(path, rejects, FIELDS, self.encoding)
