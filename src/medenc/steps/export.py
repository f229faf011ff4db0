"""Add an inference backend to a copy of a model."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, cast

from medenc.core.artifact import MANIFEST, Draft, open_artifact
from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.evaluation.trained import FACT as TRAINED_ON


class Export(Plugin):
    """A model that also runs under another backend; its graph was checked on the probes."""

    kind: ClassVar[str] = "model"
    version: ClassVar[int] = 2

    model: Path
    backend: Literal["openvino", "onnx"] = "openvino"
    precision: Literal["fp32", "int8"] = "fp32"  # int8 stays away where it would rank or decide otherwise
    texts: Path | None = None  # for int8: what its ranges come from, and what it is compared on
    judged: Path | None = None  # for int8: a BEIR folder or labelled rows, on which scores must stay

    def run(self, draft: Draft) -> None:
        """Fill `draft.folder` with the model and the new graph, `draft.numbers` with how well the two agree."""
        manifest = open_artifact(self.model, "model").manifest
        shutil.copytree(self.model, draft.folder, ignore=shutil.ignore_patterns(MANIFEST), dirs_exist_ok=True)
        draft.facts |= {key: manifest[key] for key in ("model", "task", "heads", TRAINED_ON) if key in manifest}
        draft.facts["exports"] = dict(manifest.get("exports", {}))
        draft.numbers |= self._added(draft)

    def _added(self, draft: Draft) -> dict[str, Any]:
        """What was measured of the new graph."""
        exports = draft.facts["exports"]
        if self.precision == "int8":
            from medenc.runtime.int8.export import add_int8
            from medenc.runtime.int8.judged import read_judged

            judged = read_judged(self.model, self.judged) if self.judged else None
            return add_int8(draft.folder, draft.facts["model"], exports, self.backend, self.texts, judged)
        if self.texts or self.judged:
            raise MedencError("texts and judged data are for int8", where="export", hint='precision = "int8"')
        from medenc.runtime.export import add_backend

        exports[self.backend] = add_backend(draft.folder, self.backend)
        return cast("dict[str, Any]", exports[self.backend])

    def smoke(self) -> Self:
        """The same: models of a smoke run are small."""
        return self
