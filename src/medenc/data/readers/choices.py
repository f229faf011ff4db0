"""Multiple-choice questions as JSON lines: MedQA, MedMCQA, and LinkBERT's form of both."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from medenc.core.plugins import Plugin
from medenc.data.documents import Row, json_records, whole_number
from medenc.data.examples import Choice
from medenc.data.reading import RecordError, Rejects, identifier, text_field

LETTERS = string.ascii_uppercase


class Choices(Plugin):
    """One question a line; the form is told by its fields. A line with another number of options is a bad record."""

    gives: ClassVar[type] = Choice
    encoding: str = "utf-8"
    options: int = Field(default=4, ge=2)
    first: int = Field(default=1, ge=0)  # MedMCQA's number of the first option: 1 originally, 0 in some copies

    def read(self, path: Path, rejects: Rejects) -> Iterator[Choice]:
        """Yield the questions, with a label where the file has one."""

        def parse(number: int, row: Row) -> list[Choice]:
            id_ = identifier(row, "id") if "id" in row else f"{path.name.split('.')[0]}-{number}"
            question, options, label = self._parts(row)
            if len(options) != self.options:
                raise RecordError(f"expected {self.options} options, found {len(options)}")
            if label is not None and not 0 <= label < len(options):
                raise RecordError("the right answer is none of the options")
            extra = {key: value for key, value in row.items() if key in ("subject_name", "topic_name", "choice_type")}
            return [Choice(id_, question, options, label, metadata=extra)]

        return json_records(path, rejects, parse, self.encoding)

    def _parts(self, row: Row) -> tuple[str, tuple[str, ...], int | None]:
        if "options" in row:
            return _medqa(row)
        if "opa" in row:
            options = tuple(_option(row[name]) for name in ("opa", "opb", "opc", "opd", "ope") if name in row)
            label = None if row.get("cop") is None else whole_number(row, "cop") - self.first
            return text_field(row, "question"), options, label
        endings = tuple(_option(row[f"ending{i}"]) for i in range(26) if f"ending{i}" in row)
        label = None if row.get("label") is None else whole_number(row, "label")
        return text_field(row, "sent1"), endings, label


def _medqa(row: Row) -> tuple[str, tuple[str, ...], int | None]:
    given = row["options"]
    if not isinstance(given, dict) or sorted(given) != list(LETTERS[: len(given)]):
        raise RecordError("'options' is not an object with the keys A, B, C, …")
    options = tuple(_option(given[letter]) for letter in sorted(given))
    if row.get("answer_idx") is None:
        return text_field(row, "question"), options, None
    letter = text_field(row, "answer_idx")
    if len(letter) != 1 or letter not in given:
        raise RecordError("'answer_idx' is none of the options")
    label = LETTERS.index(letter)
    if "answer" in row and _option(row["answer"]) != options[label]:
        raise RecordError("'answer' and 'answer_idx' disagree")
    return text_field(row, "question"), options, label


def _option(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise RecordError("an empty option")
    return value.strip()
