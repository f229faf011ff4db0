"""Add an inference backend to a copy of a model."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import ClassVar, Literal, Self

from medenc.core.artifact import MANIFEST, Draft, open_artifact
from medenc.core.plugins import Plugin


class Export(Plugin):
    """A model that also runs under another backend; its graph was checked on the probes."""

    kind: ClassVar[str] = "model"
    version: ClassVar[int] = 1

    model: Path
    backend: Literal["openvino", "onnx"] = "openvino"
    precision: Literal["fp32"] = "fp32"

    def run(self, draft: Draft) -> None:
        """Fill `draft.folder` with the model and the new graph, `draft.numbers` with how well the two agree."""
        from medenc.runtime.export import add_backend

        manifest = open_artifact(self.model, "model").manifest
        shutil.copytree(self.model, draft.folder, ignore=shutil.ignore_patterns(MANIFEST), dirs_exist_ok=True)
        made = add_backend(draft.folder, self.backend, self.precision)
        draft.facts |= {key: manifest[key] for key in ("model", "task", "heads") if key in manifest}
        draft.facts["exports"] = {**manifest.get("exports", {}), self.backend: made}
        draft.numbers |= made

    def smoke(self) -> Self:
        """The same: models of a smoke run are small."""
        return self
