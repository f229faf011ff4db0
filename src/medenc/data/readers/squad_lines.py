"""Questions a line, each with its context: LinkBERT's and Hugging Face's flat form of SQuAD and MRQA."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.documents import Row, json_records
from medenc.data.examples import Question
from medenc.data.readers.squad import once, question
from medenc.data.reading import Rejects


class SquadLines(Plugin):
    """JSON lines of `{id, question, context, answers: {text: […], answer_start: […]}, title?}`."""

    gives: ClassVar[type] = Question
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Question]:
        """Yield every question; an answer that cannot be placed is only compared with, not learned from."""

        def parse(number: int, row: Row) -> list[Question]:
            title = row.get("title")
            return once(question(number, row, title if isinstance(title, str) else "", row, path, rejects), rejects)

        return json_records(path, rejects, parse, self.encoding)
