"""The one error that a user's mistake raises."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class MedencError(Exception):
    """A mistake that the user can mend: where it is, what was found and expected, and what to do.

    The text is one line, ready for a terminal. It never contains text of a document or a query.
    """

    def __init__(self, message: str, *, where: str | Path | None = None, hint: str | None = None) -> None:
        self.message, self.where, self.hint = message, None if where is None else str(where), hint
        line = message if where is None else f"{where}: {message}"
        super().__init__(line if hint is None else f"{line} ({hint})")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The hint for an unknown name: the nearest known one, or all of them."""
    options = sorted(known)
    near = difflib.get_close_matches(name, options, n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known: {', '.join(options)}" if options else "there are none"
