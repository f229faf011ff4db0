"""Measure a dictionary on mentions whose concepts are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import Field

from medenc.core.artifact import Draft, open_artifact
from medenc.core.errors import MedencError
from medenc.core.files import sha256, write_bytes
from medenc.core.plugins import Plugin
from medenc.evaluation.linking import AT, evaluate, read_mentions, table
from medenc.runtime.embedder import Embedder
from medenc.search import dictionary
from medenc.search.linker import Linker


class EvaluateLinking(Plugin):
    """Accuracy of every mode and of a baseline, as published and soundly, with intervals; `table.md` shows it."""

    kind: ClassVar[str] = "report"
    version: ClassVar[int] = 1

    dictionary: Path
    mentions: Path  # id||mention, id||mention||context, or a dictionary format
    model: Path | None = None  # the one that made the dictionary's vectors; without it only spelling is measured
    train: Path | None = None  # mentions that something was trained on, to tell unseen concepts
    at: tuple[int, ...] = AT
    unseen: Annotated[float, Field(gt=0, lt=1)] = 0.2

    def run(self, draft: Draft) -> None:
        """Fill `draft.numbers`, and write the table."""
        self._refuse_leak()
        linker = Linker.open(self.dictionary, Embedder.open(self.model).encode if self.model else None)
        train = read_mentions(self.train) if self.train else None
        found = evaluate(linker, read_mentions(self.mentions), train, self.at, self.unseen)
        draft.numbers |= found
        write_bytes(draft.folder / "table.md", (table(found) + "\n").encode())

    def smoke(self) -> Self:
        """The same: the stand-in data are small."""
        return self

    def _refuse_leak(self) -> None:
        """Raise when the mentions are among the names, where exact match would find all of them."""
        sources = open_artifact(self.dictionary, dictionary.KIND).manifest["sources"]
        if sha256(self.mentions) in sources.values():
            raise MedencError(
                "the dictionary holds these mentions as names",
                where=self.mentions,
                hint="build it from terminologies and training mentions only",
            )
