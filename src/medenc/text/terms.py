"""Search terms: what an index stores and a query looks up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    """Terms as parallel columns. The garbage collector tracks one object instead of thousands: twice the speed."""

    forms: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]

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


def net(text: str, start: int, end: int) -> list[Columns]:
    """The characters and character pairs of `text[start:end]`, a stretch of one unspaced script.

    They find a word inside a compound, beside a particle, or where the segmentation went wrong.
    """
    singles = [NET_PREFIX + character for character in text[start:end]]
    pairs = [*map(add, singles, text[start + 1 : end])]
    return [
        Columns(singles, range(start, end), range(start + 1, end + 1)),
        Columns(pairs, range(start, end - 1), range(start + 2, end + 1)),
    ]
