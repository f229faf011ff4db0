"""Search terms: what an index stores and a query looks up."""

from __future__ import annotations

from typing import NamedTuple

# Terms of the net carry this prefix, so that a ranking function can give them less weight than words.
NET_PREFIX = "~"


class Term(NamedTuple):
    """A form without white space, and where it stands: `start` and `end` are character offsets into the text."""

    text: str
    start: int
    end: int


def is_net(form: str) -> bool:
    """Whether a form belongs to the safety net rather than to the words; no word begins with the prefix."""
    return form.startswith(NET_PREFIX)


def net(text: str, start: int, end: int) -> list[Term]:
    """The characters and character pairs of `text[start:end]`, a stretch (not empty) of one unspaced script.

    They find a word inside a compound, beside a particle, or where the segmentation went wrong.
    """
    marked = [NET_PREFIX + character for character in text[start:end]]
    found = []
    for i in range(end - start - 1):
        found.append(Term(marked[i], start + i, start + i + 1))
        found.append(Term(marked[i] + text[start + i + 1], start + i, start + i + 2))
    return [*found, Term(marked[-1], end - 1, end)]
