"""Search terms: what an index stores and a query looks up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from operator import add
from typing import NamedTuple

# Terms of the net carry this prefix, so that a ranking function can give them less weight than words.
NET_PREFIX = "~"


class Term(NamedTuple):
    """A form without white space, and where it stands: `start` and `end` are character offsets into the text."""

    text: str
    start: int
    end: int


class Terms(NamedTuple):
    """Terms of a text as a column of forms, and their spans, which are not worked out until somebody asks.

    An index needs the forms alone. Millions of `Term`s would keep the garbage collector busier than the analysis.
    """

    forms: list[str]
    spans: Iterable[tuple[int, int]]

    def rows(self) -> list[Term]:
        """Each form with its span; to be called once, where the spans are a generator."""
        return [Term(form, *span) for form, span in zip(self.forms, self.spans, strict=True)]


def from_rows(rows: Sequence[Term]) -> Terms:
    """The columns of `rows`."""
    return Terms([row.text for row in rows], [(row.start, row.end) for row in rows])


def is_net(form: str) -> bool:
    """Whether a form belongs to the safety net rather than to the words; no word begins with the prefix."""
    return form.startswith(NET_PREFIX)


def stretches(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    """Spans of what `pattern` matches."""
    return [found.span() for found in pattern.finditer(text)]


def net(text: str, spans: Sequence[tuple[int, int]], stop: frozenset[str] = frozenset()) -> Terms:
    """The characters and character pairs of `spans`, stretches of one unspaced script in `text`, less those in `stop`.

    They find a word inside a compound, beside a particle, or where the segmentation went wrong.
    """
    forms: list[str] = []
    for start, end in spans:
        stretch = text[start:end]
        singles = [*map(NET_PREFIX.__add__, stretch)]
        forms += singles
        forms += map(add, singles, stretch[1:])
    return without(stop, forms, _net_spans(spans))


def without(stop: frozenset[str], forms: list[str], spans: Iterable[tuple[int, int]]) -> Terms:
    """The terms whose forms are not in `stop`."""
    kept = [form for form in forms if form not in stop]
    return Terms(kept, (span for form, span in zip(forms, spans, strict=True) if form not in stop))


def _net_spans(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for start, end in spans:
        yield from ((i, i + 1) for i in range(start, end))
        yield from ((i, i + 2) for i in range(start, end - 1))
