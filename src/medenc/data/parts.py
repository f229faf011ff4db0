"""The accounts of what stands inside records: answers, entities, triples.

A record with ten entities is worth keeping when one of them cannot be found in its text; that one is counted here.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from medenc.core.errors import MedencError

EXAMPLES = 20  # repaired and lost parts named in the report


class Parts:
    """Parts read = found where they should be + repaired + set aside."""

    def __init__(self) -> None:
        self.n_found = 0
        self.repairs: Counter[str] = Counter()
        self.losses: Counter[str] = Counter()
        self.examples: list[str] = []

    @property
    def n_read(self) -> int:
        """Parts seen."""
        return self.n_found + self.repairs.total() + self.losses.total()

    def found(self) -> None:
        """Count a part that is where it should be."""
        self.n_found += 1

    def repaired(self, file: str | Path, line: int, how: str) -> None:
        """Count a part that was wrong in one clear way and is right now."""
        self.repairs[how] += 1
        self._example(file, line, how)

    def set_aside(self, file: str | Path, line: int, why: str) -> None:
        """Count a part that cannot be used; its record stays."""
        self.losses[why] += 1
        self._example(file, line, why)

    def finish(self, max_ratio: float) -> None:
        """Raises: MedencError when more than `max_ratio` of the parts were set aside."""
        if self.losses.total() > max_ratio * self.n_read:
            (why, _), *_ = self.losses.most_common(1)
            place = next(example.removesuffix(f": {why}") for example in self.examples if example.endswith(f": {why}"))
            raise MedencError(
                f"{why}; {self.losses.total()} of {self.n_read} annotations are set aside, allowed are {max_ratio:.1%}",
                where=place,
                hint="mend them, or allow more",
            )

    def report(self) -> dict[str, Any]:
        """The accounts, ready for JSON; no text of a record is in it."""
        return {
            "read": self.n_read,
            "repaired": dict(self.repairs.most_common()),
            "set_aside": dict(self.losses.most_common()),
            "examples": list(self.examples),
        }

    def _example(self, file: str | Path, line: int, what: str) -> None:
        first = self.repairs[what] + self.losses[what] == 1
        if first or len(self.examples) < EXAMPLES:  # the first of each kind is always named
            self.examples.append(f"{file}:{line}: {what}")
