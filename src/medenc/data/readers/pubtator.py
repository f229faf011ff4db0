"""PubTator: title, abstract, entity mentions with offsets, and relations between concepts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.examples import Annotated, Entity
from medenc.data.placing import placed
from medenc.data.reading import RecordError, Rejects, lines, one_record

_PART = re.compile(r"(?P<id>[^|\t]+)\|(?P<part>[ta])\|(?P<text>.*)", re.DOTALL)


class Pubtator(Plugin):
    """Documents apart by a blank line; offsets count title, one character, abstract.

    A mention line has five to seven columns: id, start, end, words, type, concept ids, names of the parts of a
    composite mention (which are not read). A line of four is a relation between two concepts.
    """

    gives: ClassVar[type] = Annotated
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Annotated]:
        """Yield a text, `title`, a space, `abstract`, for every document."""
        for first, rows in _blocks(lines(path, rejects, self.encoding)):

            def parse(block: str, first: int = first) -> list[Annotated]:
                return [_document(block.split("\n"), path, first, rejects)]

            yield from one_record(path, first, "\n".join(rows), rejects, parse)


def _document(rows: list[str], path: Path, first: int, rejects: Rejects) -> Annotated:
    parts = [found for row in rows if (found := _PART.fullmatch(row))]
    if [part["part"] for part in parts] not in (["t"], ["t", "a"]):
        raise RecordError("a document that has not one title and then at most one abstract")
    text = " ".join(part["text"] for part in parts)
    entities: list[Entity] = []
    links: list[tuple[str, str, str]] = []
    for number, row in enumerate(rows[len(parts) :], start=first + len(parts)):
        cells = row.split("\t")
        if len(cells) == 4:
            links.append((cells[1], cells[2], cells[3]))
            continue
        if not 5 <= len(cells) <= 7 or not cells[1].isdecimal() or not cells[4]:
            raise RecordError("a line that is neither a mention nor a relation")
        span = placed(text, cells[3], int(cells[1]), rejects.parts, path, number)
        if span:
            entities.append(Entity(*span, cells[4], cells[5].strip() if len(cells) > 5 else ""))
    return Annotated(parts[0]["id"], text, tuple(entities), links=tuple(links))


def _blocks(numbered: Iterator[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    first, rows = 0, list[str]()
    for number, line in numbered:
        if line.strip():
            first = first or number
            rows.append(line)
        elif rows:
            yield first, rows
            first, rows = 0, []
    if rows:
        yield first, rows
