"""Build a dictionary that mentions are linked to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import Field

from medenc.core.artifact import Draft
from medenc.core.files import sha256
from medenc.core.plugins import Plugin
from medenc.data.sources import read_names
from medenc.evaluation.linking import read_mentions
from medenc.metrics.linking import concepts
from medenc.runtime.embedder import Embedder
from medenc.search import dictionary
from medenc.search.calibration import Known, calibrated
from medenc.search.linker import Linker
from medenc.search.settings import Model


class Dictionary(Plugin):
    """Names from one or more files; with a model also their vectors, with mentions also when to say "none of these"."""

    kind: ClassVar[str] = dictionary.KIND
    version: ClassVar[int] = 1

    files: list[Path]  # dictionaries in any format that is read
    model: Path | None = None  # links by meaning, too
    calibrate: Path | None = None  # mentions with their concepts, best of concepts that training did not see
    unseen: Annotated[float, Field(gt=0, lt=1)] = 0.2  # expected share of mentions whose concept is not in here
    encoding: str = "utf-8"

    def run(self, draft: Draft) -> None:
        """Fill `draft.folder` and count what is in it."""
        names = [name for path in self.files for name in read_names(path, encoding=self.encoding)]
        embedder = Embedder.open(self.model) if self.model else None
        encode = embedder.encode if embedder else None
        settings = dictionary.build(draft.folder, names, _described(self.model, embedder), encode)
        if self.calibrate is not None:
            known = [Known(name.term, concepts(name.concept_id)) for name in read_mentions(self.calibrate)]
            settings = calibrated(Linker(draft.folder, encode), known, self.unseen)
            dictionary.write(draft.folder, settings)
        opened = Linker(draft.folder, encode)
        draft.facts["sources"] = {path.name: sha256(path) for path in self.files}
        size = sum(path.stat().st_size for path in draft.folder.iterdir())
        draft.numbers |= {
            "names": len(opened.names),
            "concepts": len(opened.names.concepts),
            "spellings": len(opened.names.members),
            "bytes_per_name": round(size / len(opened.names), 1),
            "vector_recall": settings.recall,
            "dense_share": settings.dense,
        }

    def smoke(self) -> Self:
        """The same: the stand-in data are small."""
        return self


def _described(path: Path | None, embedder: Embedder | None) -> Model | None:
    if path is None or embedder is None:
        return None
    return Model(
        path=str(path.resolve()),
        fingerprint=embedder.fingerprint,
        dimension=embedder.dimension,
        similarity=embedder.facts.similarity,
    )
