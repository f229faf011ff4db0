"""Search terms: what an index stores and a query looks up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from operator import add
from typing import NamedTuple

# Terms of the net carry this prefix, so that a ranking function can give them less weight than words.
NET_PREFIX = "~"


class Term(NamedTuple):
    """A form without white space, and where it stands: `start` and `end` are character offsets into the text."""

    text: str
    start: int
    end: int


class Columns(NamedTuple):
    """Terms as parallel columns: millions of `Term`s would keep the garbage collector busier than the analysis."""

    forms: list[str]
    starts: list[int]
    ends: list[int]

    def terms(self) -> Iterator[Term]:
        """The rows; made without the cost of calling `Term`."""
        return map(_as_term, zip(self.forms, self.starts, self.ends, strict=True))


_as_term = partial(tuple.__new__, Term)


def columns(terms: Iterable[Term]) -> Columns:
    """The columns of `terms`."""
    rows = list(terms)
    return Columns([row.text for row in rows], [row.start for row in rows], [row.end for row in rows])


def is_net(form: str) -> bool:
    """Whether a form belongs to the safety net rather than to the words; no word begins with the prefix."""
    return form.startswith(NET_PREFIX)


def stretches(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    """Spans of what `pattern` matches."""
    return [found.span() for found in pattern.finditer(text)]


def net(text: str, spans: Iterable[tuple[int, int]]) -> Columns:
    """The characters and character pairs of `spans`, stretches of one unspaced script in `text`.

    They find a word inside a compound, beside a particle, or where the segmentation went wrong.
    """
    found = Columns([], [], [])
    for start, end in spans:
        singles = [NET_PREFIX + character for character in text[start:end]]
        found.forms.extend(singles)
        found.starts.extend(range(start, end))
        found.ends.extend(range(start + 1, end + 1))
        found.forms.extend(map(add, singles, text[start + 1 : end]))
        found.starts.extend(range(start, end - 1))
        found.ends.extend(range(start + 2, end + 1))
    return found
