"""Texts and pairs with labels in JSON: BLURB as LinkBERT lays it out, six CBLUE tasks, KLUE-NLI, SciBERT's sets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from medenc.core.plugins import Plugin
from medenc.data.documents import Row, json_records
from medenc.data.examples import Label
from medenc.data.examples import Labelled as Example
from medenc.data.reading import RecordError, Rejects, identifier, text_field

TEXTS = (
    ("sentence1", "sentence2"),
    ("text1", "text2"),
    ("text", "pair"),
    ("text_a", "text_b"),
    ("premise", "hypothesis"),
    ("query1", "query2"),
    ("query", "title"),
    ("question", "context"),
    ("sentence",),
    ("text",),
    ("query",),
)
LABELS = ("label", "gold_label")
IDS = ("id", "guid", "_id")
SLICES = ("category", "source")  # fields by which scores may be cut


class Labelled(Plugin):
    """JSON lines or one array. The fields are found by their usual names; options name others.

    A label may be a word, a number, a list of words, or a list of 0 and 1 (classes by number). Empty and absent
    labels are those of a test set. A row whose label is the word `label` is a header that was taken for a row in some
    copies of BLURB's relations, where it became a class; it is left out and counted.
    """

    gives: ClassVar[type] = Example
    encoding: str = "utf-8"
    text: str = ""
    pair: str = ""
    label: str = ""
    regression: bool = False  # the label is a number on a scale, not a class
    rename: Mapping[str, str] = {}  # labels that mean another one: KUAKE-QQR's NA is 0

    def read(self, path: Path, rejects: Rejects) -> Iterator[Example]:
        """Yield every row; without an id it is called by the file's name and its number."""

        def parse(number: int, row: Row) -> list[Example]:
            texts = self._texts(row)
            if not all(texts):
                raise RecordError("an empty text")
            named = any(name in row for name in IDS)
            id_ = identifier(row, *IDS) if named else f"{path.name.split('.')[0]}-{number}"
            extra = {name: row[name] for name in SLICES if name in row}
            label = self._label(row)
            if label == "label":
                rejects.filtered("a header")
                return []
            return [Example(id_, texts[0], label, "".join(texts[1:]), metadata=extra)]

        return json_records(path, rejects, parse, self.encoding)

    def _texts(self, row: Row) -> list[str]:
        if self.text:
            return [text_field(row, name) for name in (self.text, self.pair) if name]
        for names in TEXTS:
            if all(name in row for name in names):
                return [text_field(row, name) for name in names]
        raise RecordError("no text under any of the usual names: name it with the options `text` and `pair`")

    def _label(self, row: Row) -> Label | None:
        names = (self.label,) if self.label else LABELS
        value = next((row[name] for name in names if name in row), None)
        if value is None or value == "":
            return None
        return score(value) if self.regression else classes(value, self.rename)


def score(value: Any) -> float:
    """A number on a scale. Raises: RecordError."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise RecordError("the label is not a number") from None
    if not math.isfinite(number):
        raise RecordError("the label is not a finite number")
    return number


def classes(value: Any, rename: Mapping[str, str]) -> str | tuple[str, ...]:
    """A class, or several. Raises: RecordError."""
    if isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            return tuple(rename.get(item, item) for item in value)
        if all(item in (0, 1) for item in value):
            return tuple(str(place) for place, item in enumerate(value) if item)
        raise RecordError("the label is a list of neither words nor 0 and 1")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RecordError("the label is neither a word nor a whole number")
    word = str(value).strip()
    return rename.get(word, word)
