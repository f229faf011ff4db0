"""The corpus of a BEIR folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.layout import json_lines
from medenc.data.readers.passages import Passages
from medenc.data.reading import Rejects
from medenc.data.records import Passage


class Beir(Plugin):
    """A folder with `corpus.jsonl` or `corpus.jsonl.gz`; its queries and judgements are `data.retrieval`'s."""

    gives: ClassVar[type] = Passage
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Passage]:
        """Yield the passages of the corpus."""
        return Passages(encoding=self.encoding).read(json_lines(path, "corpus"), rejects)
