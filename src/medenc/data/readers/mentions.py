"""Texts with mentions beside them, as ChineseBLUE publishes cMedQANER."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.annotated_texts import Fields, annotated_texts
from medenc.data.examples import Annotated
from medenc.data.reading import Rejects

FIELDS = Fields(annotations="mention_data", words="mention", start="offset")


class Mentions(Plugin):
    """JSON lines of `{text, mention_data: [{mention, type, offset}]}`; offsets are strings, and some are wrong."""

    gives: ClassVar[type] = Annotated
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Annotated]:
        """Yield every text; the id is the file's name and the line."""
        return annotated_texts(path, rejects, FIELDS, self.encoding)
