"""Records from several places, as recipes name them: readers with their options, and transforms on what they read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import ConfigDict

from medenc.core.options import Options
from medenc.core.plugins import build
from medenc.data.reading import Rejects
from medenc.data.sources import Reader


class Transform(Protocol):
    """What a plug-in of the kind `transform` does."""

    def apply(self, records: Iterable[Any]) -> Iterator[Any]:
        """Records made of records; the same ones every time."""
        ...


class Source(Options):
    """Records from one place: a reader with its options, and what is done with what it reads."""

    model_config = ConfigDict(extra="allow")  # the reader's options, which the reader checks

    use: str  # a reader
    path: Path
    transforms: list[dict[str, Any]] = []

    def records(self, where: str, rejects: Rejects) -> Iterator[Any]:
        """The records, read and transformed."""
        reader = cast(Reader, build("reader", {"use": self.use, **(self.model_extra or {})}, where))
        records: Iterable[Any] = reader.read(self.path, rejects)
        for number, values in enumerate(self.transforms):
            transform = cast(Transform, build("transform", values, f"{where}.transforms.{number}"))
            records = transform.apply(records)
        yield from records


def read_sources(sources: Sequence[Source], where: str) -> tuple[list[Any], list[dict[str, Any]]]:
    """All records, and the accounts of each source. Raises: MedencError when more are bad than is allowed."""
    records: list[Any] = []
    accounts = []
    for number, source in enumerate(sources):
        rejects = Rejects()
        records += source.records(f"{where}.{number}", rejects)
        rejects.finish()
        accounts.append(rejects.report())
    return records, accounts
