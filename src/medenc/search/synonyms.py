"""Why a document fits that shares no word with the query: it has another name of the same concept.

The names are those of the terminology that an index was given. They are looked for in the query, and their concepts'
other names in the documents that are shown, so the cost does not grow with the number of documents.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from medenc.core.files import sha256
from medenc.data.records import Name
from medenc.search import arrays, names
from medenc.search.answer import Hit, Span, Synonym
from medenc.search.names import Names
from medenc.search.store import disk_errors
from medenc.text.normalize import normalize
from medenc.text.scripts import HAN, HANGUL

FOLDER = "terminology"
ASKED = 256  # characters of a query that are looked through; a longer one is a text, whose every name would match
LONGEST = 48  # characters of a name
SHORTEST = 2  # characters: a single one, such as 间 or 간, is a part of too many other words

_NO_LETTER_BEFORE, _NO_LETTER_AFTER = r"(?<![^\W_])", r"(?![^\W_])"
_OPEN = re.compile(f"[{HAN}]")  # may begin and end anywhere: there are no spaces
_OPEN_END = re.compile(f"[{HAN}{HANGUL}]")  # particles and endings follow


@dataclass(frozen=True)
class Asked:
    """A name in a query, with the concepts that it stands for."""

    text: str
    concepts: tuple[int, ...]


def write(index: Path, given: Iterable[Name]) -> dict[str, str]:
    """Keep the names of a terminology with an index; the digests of the files, by their names in it.

    What a killed process has left of it is written anew. Raises: MedencError when the disk refuses.
    """
    folder = index / FOLDER
    with disk_errors(index):
        folder.mkdir(exist_ok=True)
        arrays.save(folder, names.collect(given), "names")
    return {path.relative_to(index).as_posix(): sha256(path) for path in sorted(folder.iterdir())}


class Terminology:
    """The names of concepts, mapped into memory when a query needs them."""

    def __init__(self, index: Path) -> None:
        self._folder = index / FOLDER

    def explain(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        """The hits with the other names of what the query names."""
        asked = [(one, self._pattern(one)) for one in self.asked(query)]
        return [replace(hit, synonyms=list(self._found(hit, asked))) for hit in hits] if asked else list(hits)

    def asked(self, query: str) -> list[Asked]:
        """The names in a query, in its order; of names that overlap, the longest."""
        text = normalize(query[:ASKED]).text
        spans = sorted(_spans(text), key=lambda span: (span[0] - span[1], span[0]))
        known = self._known([text[start:end] for start, end in spans])
        free, found = np.ones(len(text), bool), list[tuple[int, Asked]]()
        for (start, end), is_name in zip(spans, known, strict=True):
            if is_name and free[start:end].all():
                forms = self._names.exact(text[start:end])
                concepts = {int(c) for form in forms for c in self._names.concept[self._names.members[form]]}
                if concepts:
                    free[start:end] = False
                    found.append((start, Asked(text[start:end], tuple(sorted(concepts)))))
        return [one for _, one in sorted(found, key=lambda place: place[0])]

    def _found(self, hit: Hit, asked: Sequence[tuple[Asked, re.Pattern[str] | None]]) -> Iterator[Synonym]:
        text, title = normalize(hit.text), normalize(hit.title)
        for one, pattern in asked:
            spans: dict[str, list[Span]] = {}
            if pattern is None:
                continue
            for match in pattern.finditer(title.text):
                spans.setdefault(names.form(match.group()), [])
            for match in pattern.finditer(text.text):
                spans.setdefault(names.form(match.group()), []).append(text.span(*match.span()))
            for term, places in spans.items():
                if concept := self._concept_id(one, term):
                    yield Synonym(concept, one.text, term, places)

    def _pattern(self, asked: Asked) -> re.Pattern[str] | None:
        """What finds the concepts' names but the one that was asked."""
        own = names.key(names.form(asked.text))
        others = {form for number in self._members(asked) if names.key(form := self._form(number)) != own}
        usable = sorted((form for form in others if len(form) >= SHORTEST), key=lambda form: (-len(form), form))
        return re.compile("|".join(_written(form) for form in usable), re.IGNORECASE) if usable else None

    def _concept_id(self, asked: Asked, term: str) -> str | None:
        """The concept of a name that was found, among those that were asked for.

        None for a spelling that a pattern takes for a name's and no form is: İ and ı match an i, but fold to others.
        """
        number = next((number for number in self._members(asked) if self._form(number) == term), None)
        return None if number is None else self._names.concept_id(number)

    def _members(self, asked: Asked) -> list[int]:
        """All names of the concepts."""
        found: list[int] = np.flatnonzero(np.isin(self._names.concept, asked.concepts)).tolist()
        return found

    def _form(self, number: int) -> str:
        return names.form(self._names.terms.text(number))

    def _known(self, texts: Sequence[str]) -> np.ndarray:
        """Which texts have the key of a name, (n,) bool; nearly all have not, and are told together."""
        digests = np.array([names.digest(names.key(names.form(text))) for text in texts], np.uint64)
        return np.isin(digests, self._names.keys)

    @cached_property
    def _names(self) -> Names:
        return arrays.load(self._folder, Names, "names")


def _spans(text: str) -> Iterator[Span]:
    """Where names may stand in a text: whole words, beginnings of Hangul words, any stretch of Han."""
    starts = [m.start() for m in re.finditer(rf"{_NO_LETTER_BEFORE}\S|[{HAN}]", text)]
    ends = [m.end() for m in re.finditer(rf"[^\s]{_NO_LETTER_AFTER}|[{HAN}{HANGUL}]", text)]
    for start in starts:
        near = slice(bisect_left(ends, start + SHORTEST), bisect_right(ends, start + LONGEST))
        yield from ((start, end) for end in ends[near])


def _written(form: str) -> str:
    """A pattern for a name as it stands in running text."""
    before = "" if _OPEN.match(form[0]) else _NO_LETTER_BEFORE
    after = "" if _OPEN_END.match(form[-1]) else _NO_LETTER_AFTER
    return before + r"\s+".join(re.escape(word) for word in form.split()) + after
