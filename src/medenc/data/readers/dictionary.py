"""Names of concepts in any dictionary format, told by the file itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, cast

from medenc.core.plugins import Plugin, build
from medenc.data.reading import Rejects
from medenc.data.records import Name
from medenc.data.sources import Reader, dictionary


class Dictionary(Plugin):
    """What a recipe uses where the user's dictionary and its stand-in may differ in format."""

    gives: ClassVar[type] = Name
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Name]:
        """Yield the names. Raises: MedencError when the format cannot be told."""
        use = dictionary(path, self.encoding)
        reader = cast(Reader, build("reader", {"use": use, "encoding": self.encoding}, str(path)))
        return cast(Iterator[Name], reader.read(path, rejects))
