"""Ontologies in OBO format: names and synonyms of their terms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.reading import RecordError, Rejects, lines, one_record
from medenc.data.records import Name

_SYNONYM = re.compile(r'"(?P<term>(?:[^"\\]|\\.)*)"\s+(?P<scope>\w+)')
_ESCAPE = re.compile(r"\\(.)")
_COMMENT = re.compile(r"(?<!\\)\s!\s.*")


class Obo(Plugin):
    """The `[Term]` stanzas of an OBO 1.2 or 1.4 file; obsolete terms are left out."""

    gives: ClassVar[type] = Name
    encoding: str = "utf-8"
    scopes: tuple[str, ...] = ("EXACT",)  # which synonyms are names: EXACT, BROAD, NARROW, RELATED
    language: str = "en"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Name]:
        """Yield the name and the synonyms of every term; a bad stanza is reported at its first line."""
        for number, stanza in _stanzas(lines(path, rejects, self.encoding)):
            yield from one_record(path, number, stanza, rejects, lambda text: self._names(text, rejects))

    def _names(self, stanza: str, rejects: Rejects) -> list[Name]:
        tags = [line.partition(":")[::2] for line in stanza.split("\n")[1:] if ":" in line]
        values = {tag: value.strip() for tag, value in reversed(tags)}
        if values.get("is_obsolete", "").startswith("true"):
            rejects.filtered("obsolete")
            return []
        if not values.get("id") or not values.get("name"):
            raise RecordError("a term without id or name")
        terms = [_plain(_COMMENT.sub("", values["name"]))]
        terms += [term for tag, value in tags if tag == "synonym" for term in self._synonym(value)]
        concept = _COMMENT.sub("", values["id"])
        return [Name(concept, term, self.language) for term in dict.fromkeys(terms)]

    def _synonym(self, value: str) -> list[str]:
        found = _SYNONYM.match(value.strip())
        if found is None:
            raise RecordError("a synonym without quotes or scope")
        return [_plain(found["term"])] if found["scope"] in self.scopes else []


def _stanzas(numbered: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The `[Term]` stanzas with the number of their first line."""
    start, held = 0, list[str]()
    for number, line in numbered:
        if line.startswith("["):
            if held:
                yield start, "\n".join(held)
            start, held = number, [line] if line.strip() == "[Term]" else []
        elif held:
            held.append(line)
    if held:
        yield start, "\n".join(held)


def _plain(text: str) -> str:
    """Text without OBO's escapes."""
    return _ESCAPE.sub(lambda m: {"n": " ", "t": " ", "W": " "}.get(m[1], m[1]), text).strip()
