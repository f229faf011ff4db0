"""What a reading kept and what it set aside: nothing leaves a corpus in silence."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from medenc.core.errors import MedencError
from medenc.data.parts import Parts

EXAMPLES = 20  # bad records named in the report; all of them are in the quarantine file


class RecordError(Exception):
    """One record that cannot be used; the reason never contains the record's text."""


class Rejects:
    """The accounts of one reading: read = kept + bad + duplicates + the sum of filtered.

    One object serves one reading, of one file or of many; ids are unique within it.

    Args:
        max_ratio: the share of bad records up to which the reading may go on.
        quarantine: a file that receives the bad records as JSON lines, readable by its owner alone.
    """

    def __init__(self, max_ratio: float = 0.01, quarantine: Path | None = None) -> None:
        self.max_ratio, self.quarantine = max_ratio, quarantine
        self.n_kept = self.n_duplicates = 0
        self.reasons: Counter[str] = Counter()
        self.filters: Counter[str] = Counter()
        self.examples: list[str] = []
        self.parts = Parts()
        self._contents: dict[int, int] = {}  # hash of an id -> hash of its content
        if quarantine is not None:
            quarantine.unlink(missing_ok=True)

    @property
    def n_bad(self) -> int:
        """Records set aside."""
        return self.reasons.total()

    @property
    def n_read(self) -> int:
        """Records seen."""
        return self.n_kept + self.n_bad + self.n_duplicates + self.filters.total()

    def kept(self) -> None:
        """Count a good record."""
        self.n_kept += 1

    def add(self, file: str | Path, line: int, reason: str, record: str | None = None) -> None:
        """Set a bad record aside; `record` is its text, which goes to the quarantine file and nowhere else."""
        self.reasons[reason] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{file}:{line}: {reason}")
        if self.quarantine is not None:
            self._set_aside({"file": str(file), "line": line, "reason": reason, "record": record})

    def filtered(self, rule: str) -> None:
        """Count a good record that an option leaves out, such as an obsolete term."""
        self.filters[rule] += 1

    def repeated(self, id_: str, content: object) -> bool:
        """Whether a record with this id was seen before; an exact copy is counted as a duplicate.

        Raises: RecordError when the id stood for another content. Hashes are kept, not texts: some 100 bytes a record.
        """
        key, value = hash(id_), hash(content)
        if key not in self._contents:
            self._contents[key] = value
            return False
        if self._contents[key] != value:
            raise RecordError("the id is taken by an earlier record with another content")
        self.n_duplicates += 1
        return True

    def finish(self) -> None:
        """End the reading; call it before what was read is committed anywhere.

        Raises: MedencError when more than `max_ratio` of the records, or of the parts of records, are bad.
        """
        self.parts.finish(self.max_ratio)
        if self.n_bad > self.max_ratio * self.n_read:
            place, _, reason = self.examples[0].partition(": ")
            raise MedencError(
                f"{reason}; {self.n_bad} of {self.n_read} records are bad, allowed are {self.max_ratio:.1%}",
                where=place,
                hint="mend or remove them" if self.quarantine is None else f"they are in {self.quarantine}",
            )

    def report(self) -> dict[str, Any]:
        """The accounts, ready for JSON; no text of a record is in it."""
        return {
            "read": self.n_read,
            "kept": self.n_kept,
            "bad": self.n_bad,
            "duplicates": self.n_duplicates,
            "filtered": dict(sorted(self.filters.items())),
            "reasons": dict(self.reasons.most_common()),
            "examples": list(self.examples),
            "parts": self.parts.report(),
        }

    def _set_aside(self, entry: dict[str, Any]) -> None:
        assert self.quarantine is not None
        handle = os.open(self.quarantine, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
