"""Records from several places, as recipes name them: readers with their options, and transforms on what they read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import ConfigDict

from medenc.core.options import Options
from medenc.core.plugins import Plugin, build
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
        records: Iterable[Any] = cast(Reader, self._reader(where)).read(self.path, rejects)
        for transform in self._transforms(where):
            records = cast(Transform, transform).apply(records)
        yield from records

    def paths(self) -> Iterator[Path]:
        """What is read, by the reader and by the transforms."""
        yield self.path
        for part in (self._reader("data"), *self._transforms("data")):
            yield from part.paths()

    def _reader(self, where: str) -> Plugin:
        return build("reader", {"use": self.use, **(self.model_extra or {})}, where)

    def _transforms(self, where: str) -> list[Plugin]:
        each = enumerate(self.transforms)
        return [build("transform", values, f"{where}.transforms.{number}") for number, values in each]


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
