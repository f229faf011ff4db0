"""MRQA 2019 shared task: a header line, then one context with its questions a line."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from medenc.core.errors import MedencError
from medenc.core.files import read_json
from medenc.core.plugins import Plugin
from medenc.data.documents import Row, exact_text, json_records, rows_under
from medenc.data.examples import Answer, Question
from medenc.data.placing import placed
from medenc.data.reading import RecordError, Rejects, identifier, text_field


class Mrqa(Plugin):
    """Questions with the detected answers placed by their first span, whose end the file counts in.

    LinkBERT halves the public dev files: `halves` is its list `{"dev": […], "test": […]}` of context lines, counted
    from 0 below the header, and `half` says which to read.
    """

    gives: ClassVar[type] = Question
    encoding: str = "utf-8"
    halves: Path | None = None
    half: Literal["dev", "test"] = "dev"
    accept: Literal["detected", "all"] = "detected"  # which answers count: LinkBERT's measure, or MRQA's own script's

    def read(self, path: Path, rejects: Rejects) -> Iterator[Question]:
        """Yield every question of the contexts in the half."""
        kept = self._lines()
        context_lines = itertools.count()

        def parse(number: int, row: Row) -> list[Question]:
            if "header" in row:
                rejects.filtered("the header")
                return []
            if kept is not None and next(context_lines) not in kept:
                rejects.filtered("another half")
                return []
            context = exact_text(row, "context")
            if not rows_under(row, "qas"):
                raise RecordError("a context without a question")
            return [self._question(number, item, context, path, rejects) for item in rows_under(row, "qas")]

        return json_records(path, rejects, parse, self.encoding)

    def _lines(self) -> set[int] | None:
        if self.halves is None:
            return None
        lists = read_json(self.halves)
        if not isinstance(lists, dict) or not isinstance(lists.get(self.half), list):
            raise MedencError(f"no list '{self.half}'", where=self.halves)
        return set(lists[self.half])

    def _question(self, number: int, row: Row, context: str, path: Path, rejects: Rejects) -> Question:
        detected = {exact_text(item, "text"): _first_span(item) for item in rows_under(row, "detected_answers")}
        spans = [placed(context, text, start, rejects.parts, path, number) for text, start in detected.items()]
        answers = tuple(Answer(context[span[0] : span[1]], span[0]) for span in spans if span)
        accepted = tuple(detected) if self.accept == "detected" else _strings(row)
        return Question(identifier(row, "id", "qid"), text_field(row, "question"), context, answers, accepted)


def _first_span(row: Row) -> int:
    spans = row.get("char_spans")
    if not isinstance(spans, list) or not spans or not isinstance(spans[0], list) or len(spans[0]) != 2:
        raise RecordError("a detected answer without a pair in 'char_spans'")
    start = spans[0][0]
    if isinstance(start, bool) or not isinstance(start, int):
        raise RecordError("an offset that is not a whole number")
    return start


def _strings(row: Row) -> tuple[str, ...]:
    given = row.get("answers")
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise RecordError("'answers' is not a list of strings")
    return tuple(given)
