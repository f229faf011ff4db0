"""Our own path, with any backend and precision that the folder has."""

from __future__ import annotations

from pathlib import Path

from medenc.bench.contract import Encode
from medenc.core.plugins import Plugin
from medenc.runtime.folder import Role
from medenc.runtime.session import Precision


class Medenc(Plugin):
    """`Embedder.encode`."""

    backend: str | None = None
    precision: Precision | None = None

    def open(self, folder: Path) -> Encode:
        """The embedder of a model folder; of two towers that of the passages."""
        from medenc.runtime.embedder import Embedder

        embedder = Embedder.open(folder, backend=self.backend, precision=self.precision)
        role: Role | None = "passage" if embedder.facts.towers else None
        return lambda texts: embedder.encode(texts, as_=role)
