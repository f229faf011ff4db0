"""CoNLL and IOB files: a token a line with its tag, sentences apart by a blank line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.examples import Annotated, Entity
from medenc.data.reading import RecordError, Rejects, lines, one_record
from medenc.data.tags import decode

DOCUMENT = "-DOCSTART-"


class Conll(Plugin):
    """One to four columns: the token first, the tag last (none when there is one column).

    Columns are apart by a tab where a line has one, else by a space; the token may itself be a space (KLUE). A line
    that starts with `comment` above a sentence is no token; where it has a tab, the first word is the sentence's id.
    """

    gives: ClassVar[type] = Annotated
    encoding: str = "utf-8"
    comment: str = "## "
    joined_by: str = " "  # between tokens: "" where a token is a character (Chinese and Korean files)
    unnamed: str = "entity"  # the label of bare B and I
    each_word: bool = False  # every labelled token is an entity of its own (EBM PICO as BLURB scores it)

    def read(self, path: Path, rejects: Rejects) -> Iterator[Annotated]:
        """Yield a text for every sentence; a sentence with a line or a tag that is wrong is a bad record."""
        stem = path.name.split(".")[0]
        sentences = _sentences(lines(path, rejects, self.encoding), self.comment)
        for number, (first, name, rows) in enumerate(sentences, start=1):

            def parse(sentence: str, id_: str = name or f"{stem}-{number}") -> list[Annotated]:
                return [self._example(id_, sentence)]

            yield from one_record(path, first, "\n".join(rows), rejects, parse)

    def _example(self, id_: str, sentence: str) -> Annotated:
        columns = [_columns(row) for row in sentence.split("\n")]
        if len({len(row) for row in columns}) > 1:
            raise RecordError("lines with different numbers of columns")
        tokens = [row[0] for row in columns]
        tags = [row[-1] for row in columns] if len(columns[0]) > 1 else []
        return annotate(id_, tokens, tags, self.joined_by, self.unnamed, self.each_word)


def annotate(
    id_: str, tokens: list[str], tags: list[str], joined_by: str = " ", unnamed: str = "entity", each_word: bool = False
) -> Annotated:
    """A text of tokens with the entities that their tags stand for. Raises: RecordError for a tag that is none."""
    spans, place = [], 0
    for token in tokens:
        spans.append((place, place + len(token)))
        place += len(token) + len(joined_by)
    chunks = decode(tags)
    if each_word:
        chunks = [(word, word + 1, label) for first, end, label in chunks for word in range(first, end)]
    entities = [Entity(spans[first][0], spans[end - 1][1], label or unnamed) for first, end, label in chunks]
    return Annotated(id_, joined_by.join(tokens), tuple(entities), tokens=tuple(spans))


def _sentences(numbered: Iterator[tuple[int, str]], comment: str) -> Iterator[tuple[int, str, list[str]]]:
    """(line of the first token, id or empty, lines) of every sentence."""
    first, name, rows = 0, "", list[str]()
    for number, line in numbered:
        if comment and not rows and line.startswith(comment):
            name = _name(line.removeprefix(comment))
        elif line.strip() and not line.startswith(DOCUMENT):
            first = first or number
            rows.append(line)
        elif rows:
            yield first, name, rows
            first, name, rows = 0, "", []
    if rows:
        yield first, name, rows


def _name(comment: str) -> str:
    words = comment.split("\t")[0].split()
    return words[0] if "\t" in comment and words else ""


def _columns(line: str) -> list[str]:
    row = line.split("\t") if "\t" in line else line.rstrip(" ").split(" ")
    if len(row) > 4 or not row[0] or not row[-1].strip():
        raise RecordError("a line that is not a token with at most three more columns")
    return [row[0], *(cell.strip() for cell in row[1:])]
