"""What a user gave, a file or a folder, and the reader that fits it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Protocol, cast

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.layout import is_beir
from medenc.data.reading import Rejects, lines
from medenc.data.records import Name, Passage

DOCUMENTS = {".jsonl": "passages", ".txt": "lines"}


class Reader(Protocol):
    """What a plug-in of the kind `reader` does."""

    def read(self, path: Path, rejects: Rejects) -> Iterator[object]:
        """Yield the records of a file or folder; what cannot be read goes to `rejects`."""
        ...


def read_passages(paths: Iterable[Path], rejects: Rejects, encoding: str = "utf-8") -> Iterator[Passage]:
    """Yield the passages of BEIR folders, JSON lines, plain text, and folders of those.

    An id may come again, in any of the files, only with the same content. Call `rejects.finish()` when all is read.

    Raises: MedencError for a missing or unknown kind of file, and for one without any record.
    """
    for path in paths:
        for file, use in _documents(path):
            before = rejects.n_read
            reader = cast(Reader, build("reader", {"use": use, "encoding": encoding}, str(file)))
            yield from cast(Iterator[Passage], reader.read(file, rejects))
            if rejects.n_read == before:
                raise MedencError("no record in it", where=file)


def read_names(path: Path, rejects: Rejects | None = None, encoding: str = "utf-8") -> list[Name]:
    """The names of a dictionary in any format we read, told by its ending and its first line.

    Raises: MedencError when the format cannot be told, or more records are bad than `rejects` allows.
    """
    rejects = rejects or Rejects()
    reader = cast(Reader, build("reader", {"use": "dictionary", "encoding": encoding}, str(path)))
    names = list(cast(Iterator[Name], reader.read(path, rejects)))
    rejects.finish()
    if not names:
        raise MedencError("no name in it", where=path)
    return names


def by_concept(names: Iterable[Name]) -> dict[str, list[Name]]:
    """Names under their concept, in order of appearance, each language and term once.

    A concept with one name is there too: it has no synonym to learn from, but it can be found.
    """
    concepts: dict[str, dict[Name, None]] = {}
    for name in names:
        concepts.setdefault(name.concept_id, {})[name] = None
    return {concept: list(found) for concept, found in concepts.items()}


def dictionary(path: Path, encoding: str = "utf-8") -> str:
    """Which reader fits a dictionary. Raises: MedencError when none does."""
    first = next((line for _, line in lines(path, Rejects(), encoding) if line.strip()), "")
    tabs, bars = first.count("\t"), first.count("||")
    if _ending(path) == ".obo" or first.startswith("format-version:"):
        return "obo"
    if bars in (1, 2):
        return "names" if bars == 1 else "name_pairs"
    if "sourceLang" in first:
        return "glossary"
    languages = [cell.strip() for cell in first.split("\t")[1:]]
    if tabs and all(len(code) == 2 and code.isascii() and code.islower() for code in languages):
        return "multilingual"
    if tabs == 2:
        return "terms"
    if tabs >= 4:
        return "kostom"
    for _ in islice(lines(path, Rejects(), encoding), 1000):
        pass  # a header in ASCII may stand above lines in another encoding; then that is the error
    raise MedencError(
        "not a dictionary we know",
        where=path,
        hint="id||term, id||a||b, concept_id<TAB>language<TAB>term, code<TAB>ko<TAB>en<TAB>zh, OBO, KOSTOM (cp949)",
    )


def _documents(path: Path) -> list[tuple[Path, str]]:
    """The files to read and their readers."""
    if not path.exists():
        raise MedencError("no such file or folder", where=path)
    if is_beir(path):
        return [(path, "beir")]
    files = sorted(p for p in path.iterdir() if not p.name.startswith(".")) if path.is_dir() else [path]
    if not files:
        raise MedencError("an empty folder", where=path)
    return [(file, _reader(file)) for file in files]


def _reader(file: Path) -> str:
    if file.is_dir() or _ending(file) not in DOCUMENTS:
        raise MedencError(
            "not a kind of document we read", where=file, hint="JSON lines (.jsonl), plain text (.txt), BEIR folders"
        )
    return DOCUMENTS[_ending(file)]


def _ending(path: Path) -> str:
    """`.jsonl` of `corpus.jsonl` and of `corpus.jsonl.gz`."""
    return Path(path.name.removesuffix(".gz")).suffix.lower()
