"""Plain text: every line that is not blank is a passage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.reading import Rejects, lines
from medenc.data.records import Passage


class Lines(Plugin):
    """Plain text; a passage's id is the file's name and the line's number, `notes.txt:12`."""

    gives: ClassVar[type] = Passage
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Passage]:
        """Yield a passage for every line that is not blank."""
        for number, line in lines(path, rejects, self.encoding):
            if line.strip():
                rejects.kept()
                yield Passage(f"{path.name}:{number}", line.strip())
