"""Opening what is served: every file is checked against its manifest before anything of it is used.

Paths are resolved when they are opened: a link that is moved to another folder changes nothing for the generation in
force, and a reload finds the new folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from medenc.core.artifact import Artifact, open_artifact
from medenc.core.errors import MedencError
from medenc.decoding.folder import is_task
from medenc.runtime import parity
from medenc.runtime.embedder import Embedder, Windows
from medenc.runtime.predictor import Predictor
from medenc.runtime.reader import Reader
from medenc.search import dictionary, settings, snapshot
from medenc.search.index import Index
from medenc.search.linker import Linker
from medenc.serve import provenance
from medenc.serve.keys import read_keys
from medenc.serve.served import Served
from medenc.tasks.extractive_qa import ExtractiveQa

INDEX_MODEL = "index"  # the name under which the index's own model is served


@dataclass(frozen=True)
class Sources:
    """The folders and files behind what is served."""

    index: Path | None = None
    models: Mapping[str, Path] = field(default_factory=dict)  # embedding and task models by name
    terms: Path | None = None  # a dictionary
    reports: Sequence[Path] = ()
    keys: Path | None = None


class WholeQueries:
    """A model as an index uses it here: a query is read whole, never cut."""

    def __init__(self, model: Embedder) -> None:
        self._model, self.fingerprint = model, model.fingerprint

    def encode_query(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors (n, d) of queries."""
        return self._model.embed(texts, "query", on_overflow="window").vectors

    def windows(self, texts: Sequence[str]) -> Windows:
        """Windows of documents, with their vectors."""
        return self._model.windows(texts)


def open_sources(sources: Sources) -> Served:
    """Open everything, each model once. Raises: MedencError naming the file that is damaged or missing."""
    opened = _Opened()
    index = None if sources.index is None else opened.index(sources.index.resolve())
    tasks = {name: opened.task(path.resolve(), name) for name, path in sources.models.items() if is_task(path)}
    models = {name: opened.model(path.resolve(), name) for name, path in sources.models.items() if name not in tasks}
    if index is not None and index.settings.model and INDEX_MODEL not in sources.models:
        own = opened.model(Path(index.settings.model.path).resolve(), INDEX_MODEL)
        models |= {} if own in models.values() else {INDEX_MODEL: own}
    readers = {name: Reader(task) for name, task in tasks.items() if isinstance(task.task, ExtractiveQa)}
    linker = None if sources.terms is None else opened.dictionary(sources.terms.resolve())
    for report in sources.reports:
        opened.note("report", report.name, _whole(report.resolve(), "report"))
    if index is None and linker is None and not sources.models:
        raise MedencError("nothing to serve", hint="give an index, or a model with --model NAME=DIR")
    keys = read_keys(sources.keys) if sources.keys else None
    return Served(index, models, tasks, linker, opened.notes, keys, readers)


class _Opened:
    """What is open already: an index, a dictionary and a name may share one model."""

    def __init__(self) -> None:
        self._models: dict[Path, Embedder] = {}
        self.notes: list[dict[str, Any]] = []

    def note(self, role: str, name: str, artifact: Artifact) -> None:
        """Remember where something comes from."""
        self.notes.append(provenance.described(role, name, artifact))

    def model(self, path: Path, name: str) -> Embedder:
        """An embedding model whose files and probes are as they were written."""
        if path not in self._models:
            _verified(path)
            self._models[path] = Embedder.open(path)
            self.note("model", name, open_artifact(path))
        return self._models[path]

    def task(self, path: Path, name: str) -> Predictor:
        """A task model whose files and probes are as they were written."""
        _verified(path)
        self.note("task", name, open_artifact(path))
        return Predictor.open(path)

    def index(self, path: Path) -> Index:
        """An index whose files are as they were written, with its model."""
        if not (path / settings.FILE).exists():
            raise MedencError("no index there", where=path, hint="make one with `medenc index`")
        _refuse_damaged(path, snapshot.damaged(path))
        self.note("index", path.name, open_artifact(path))
        made_by = settings.read(path).model
        size = made_by.dimension if made_by else 0
        return Index.open(path, lambda model: WholeQueries(self.model(model.resolve(), INDEX_MODEL).fitting(size)))

    def dictionary(self, path: Path) -> Linker:
        """A dictionary, with the model of its vectors if it has any."""
        self.note("dictionary", path.name, _whole(path, dictionary.KIND))
        model = dictionary.read(path).model
        return Linker.open(path, self.model(Path(model.path).resolve(), "dictionary").encode if model else None)


def _verified(path: Path) -> None:
    report = parity.verify(path, every=False)
    _refuse_damaged(path, report["damaged"])
    wrong = [name for name, entry in report["backends"].items() if not entry["ok"]]
    if wrong:
        raise MedencError(
            f"its probes have other answers now under {wrong[0]}", where=path, hint=f"medenc verify {path}"
        )


def _whole(path: Path, kind: str) -> Artifact:
    artifact = open_artifact(path, kind)
    _refuse_damaged(path, artifact.damaged())
    return artifact


def _refuse_damaged(path: Path, names: Sequence[str]) -> None:
    if names:
        raise MedencError(f"this file is not the one that was written: {names[0]}", where=path)
