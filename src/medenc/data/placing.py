"""Where an annotation lies in its text, when the offset beside it may be wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from medenc.data.parts import Parts
from medenc.text.normalize import normalize

SLACK = 8  # characters by which an offset may be off when the same words occur elsewhere too

MOVED = "it stands elsewhere in the text"
TRIMMED = "the annotation has spaces around it"
SPELLED = "the text spells it differently"
UNITS = "the offset counts other units than characters"
LOST = "an annotation that is not where its offset says, nor in one other place"


class Place(NamedTuple):
    """A span of the text, and what had to be repaired to find it (empty: nothing)."""

    start: int
    end: int
    repair: str = ""


def place(text: str, surface: str, start: int | None) -> Place | None:
    """Find an annotation in its text; None when it is not there, or when more than one place may be meant.

    Args:
        surface: the annotated words.
        start: the offset that the file gives; None or negative when it gives none.

    An offset is taken at its word when `surface` is there. Otherwise the words may be spelled differently at that very
    place (case, width, composed accents, spaces around), the offset may count UTF-16 units or UTF-8 bytes, or it may be
    off: then the only occurrence is taken, or of several the one nearest to it within `SLACK` characters.
    """
    wanted = surface.strip()
    if not wanted:
        return None
    if start is not None and start >= 0:
        if text.startswith(surface, start):
            return Place(start, start + len(surface))
        if (there := _spelled_there(text, wanted, start)) is not None:
            return there
        for other in _in_other_units(text, start):
            if text.startswith(wanted, other):
                return Place(other, other + len(wanted), UNITS)
    return _the_one(occurrences(text, wanted), start, MOVED) or _the_one(
        folded_occurrences(text, wanted), start, SPELLED
    )


def placed(
    text: str, surface: str, start: int | None, parts: Parts, file: str | Path, line: int
) -> tuple[int, int] | None:
    """The span that `place` finds, written into the accounts; None for an annotation that was set aside."""
    found = place(text, surface, start)
    if found is None:
        parts.set_aside(file, line, LOST)
        return None
    if found.repair:
        parts.repaired(file, line, found.repair)
    else:
        parts.found()
    return found.start, found.end


def occurrences(text: str, surface: str) -> list[tuple[int, int]]:
    """Every span of `text` that is `surface`, overlapping ones too."""
    return [(found.start(), found.start() + len(surface)) for found in re.finditer(f"(?={re.escape(surface)})", text)]


def folded_occurrences(text: str, surface: str) -> list[tuple[int, int]]:
    """Every span of `text` that is `surface` but for case, width, accents' composition and typographic variants."""
    normal = normalize(text)
    spans = [normal.span(*span) for span in occurrences(_lower(normal.text), _lower(normalize(surface).text))]
    return list(dict.fromkeys(spans))


def nearest_pair(text: str, first: str, second: str) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """The occurrences of two strings that lie nearest to each other, apart when they can be; None for an absent one."""
    ours, theirs = _anywhere(text, first), _anywhere(text, second)
    if not ours or not theirs:
        return (ours[0] if ours else None), (theirs[0] if theirs else None)
    return min(((a, b) for a in ours for b in theirs), key=lambda pair: (_overlap(*pair), _distance(*pair), pair))


def _anywhere(text: str, surface: str) -> list[tuple[int, int]]:
    wanted = surface.strip()
    return (occurrences(text, wanted) or folded_occurrences(text, wanted)) if wanted else []


def _spelled_there(text: str, wanted: str, start: int) -> Place | None:
    """A place at `start` that differs in case, or in the spaces that the annotation has around it."""
    end = start + len(wanted)
    if text[start:end] == wanted:
        return Place(start, end, TRIMMED)
    if _lower(text[start:end]) == _lower(wanted):
        return Place(start, end, SPELLED)
    return None


def _in_other_units(text: str, start: int) -> list[int]:
    if text.isascii():
        return []
    wide, narrow = text.encode("utf-16-le", "surrogatepass"), text.encode("utf-8", "surrogatepass")
    return [len(wide[: 2 * start].decode("utf-16-le", "ignore")), len(narrow[:start].decode("utf-8", "ignore"))]


def _the_one(spans: list[tuple[int, int]], start: int | None, repair: str) -> Place | None:
    """The only span, or the one that is alone in being nearest to `start` and near enough."""
    if len(spans) == 1:
        return Place(*spans[0], repair)
    if not spans or start is None or start < 0:
        return None
    near, next_ = sorted(spans, key=lambda span: abs(span[0] - start))[:2]
    if abs(near[0] - start) > SLACK or abs(near[0] - start) == abs(next_[0] - start):
        return None
    return Place(*near, repair)


def _lower(text: str) -> str:
    """Lower case that keeps the number of characters, so that offsets stay."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def _distance(a: tuple[int, int], b: tuple[int, int]) -> int:
    return max(a[0], b[0]) - min(a[1], b[1])
