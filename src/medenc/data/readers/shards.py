"""Token shards, as `medenc prepare` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.reading import Rejects
from medenc.data.shards import Row
from medenc.data.shards import Shards as Corpus


class Shards(Plugin):
    """Rows of tokens with marks; they stay on disk until a batch reads them."""

    gives: ClassVar[type] = Row

    def read(self, path: Path, rejects: Rejects) -> Iterator[Row]:
        """Yield the rows."""
        for row in Corpus.open(path):
            rejects.kept()
            yield row
