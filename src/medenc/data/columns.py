"""Lines of separated columns."""

from __future__ import annotations

from medenc.data.reading import RecordError


def cells(line: str, separator: str, width: int, *, empty: bool = False) -> list[str]:
    """The trimmed columns of a line. Raises: RecordError unless there are `width`, all filled unless `empty`."""
    found = [cell.strip() for cell in line.split(separator)]
    if len(found) != width:
        raise RecordError(f"expected {width} columns separated by {separator!r}, found {len(found)}")
    if not empty and not all(found):
        raise RecordError(f"column {found.index('') + 1} is empty")
    return found
