"""Raw text for pre-training: files, folders, gzip, plain or JSON lines, in chunks that only the input decides on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medenc.core.errors import MedencError
from medenc.data.layout import is_beir, json_lines
from medenc.data.reading import RecordError, Rejects, identifier, json_object, lines, text_field

JSON, PLAIN = ".jsonl", ".txt"
CHUNK_CHARACTERS = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an input file."""

    file: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document to prepare; `links` are the ids of the documents that it links to."""

    id: str
    title: str
    text: str
    links: tuple[str, ...] = ()


class Chunk(list[Line]):
    """Consecutive lines of the input, some millions of characters together: one shard."""

    def digest(self) -> str:
        """Tells whether a shard was made of these lines."""
        found = hashlib.blake2b(digest_size=16)
        for line in self:
            found.update(f"{line.file}:{line.number}:{line.text}\n".encode("utf-8", "surrogatepass"))
        return found.hexdigest()


def files(paths: Iterable[Path]) -> list[Path]:
    """The files of `paths`, folders walked in the order of names; of a BEIR folder its corpus.

    Raises: MedencError for what is missing, empty, or neither plain text nor JSON lines.
    """
    found = [file for path in paths for file in _below(path)]
    for file in found:
        if kind(file) not in (JSON, PLAIN):
            raise MedencError(
                "not a kind of text we read", where=file, hint="JSON lines (.jsonl) or plain text (.txt), also gzipped"
            )
    return found


def kind(path: Path) -> str:
    """`.jsonl` of `corpus.jsonl` and of `corpus.jsonl.gz`."""
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def chunks(
    paths: Iterable[Path], rejects: Rejects, encoding: str = "utf-8", characters: int = CHUNK_CHARACTERS
) -> Iterator[Chunk]:
    """Yield the lines that are not blank, `characters` or slightly more at a time; undecodable ones go to `rejects`."""
    chunk, size = Chunk(), 0
    for path in paths:
        for number, text in lines(path, rejects, encoding):
            if not text.strip():
                continue
            chunk.append(Line(str(path), number, text))
            size += len(text)
            if size >= characters:
                yield chunk
                chunk, size = Chunk(), 0
    if chunk:
        yield chunk


def documents(chunk: Chunk, rejects: Rejects, link_field: str | None) -> Iterator[Document]:
    """Yield the documents of a chunk; the caller counts those that it keeps.

    A line of plain text is a document, named by file and line, and so is a JSON object
    `{"id" | "_id", "title", "text", "links"}`, of which the title, the links, and with one of the texts the other
    may be missing. Bad lines and documents without text go to `rejects`.
    """
    for line in chunk:
        try:
            document = _document(line, link_field)
        except RecordError as error:
            rejects.add(line.file, line.number, str(error), line.text)
            continue
        if document.text or document.title:
            yield document
        else:
            rejects.filtered("only links" if document.links else "no text")


def _document(line: Line, link_field: str | None) -> Document:
    path = Path(line.file)
    if kind(path) == PLAIN:
        return Document(f"{path.name}:{line.number}", "", line.text.strip())
    row = json_object(line.text)
    id_ = identifier(row, "_id", "id") if "_id" in row or "id" in row else f"{path.name}:{line.number}"
    title = text_field(row, "title") if row.get("title") is not None else ""
    text = text_field(row, "text") if row.get("text") is not None or not title else ""
    return Document(id_, title, text, _links(row, link_field))


def _links(row: dict[str, Any], field: str | None) -> tuple[str, ...]:
    value = row.get(field) if field else None
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str | int) and item is not True for item in value):
        raise RecordError(f"'{field}' is not a list of ids")
    return tuple(str(item).strip() for item in value)


def _below(path: Path) -> list[Path]:
    if not path.exists():
        raise MedencError("no such file or folder", where=path)
    if path.is_file():
        return [path]
    if is_beir(path):
        return [json_lines(path, "corpus")]
    found = [file for child in sorted(path.iterdir()) if not child.name.startswith(".") for file in _below(child)]
    if not found:
        raise MedencError("an empty folder", where=path)
    return found
