"""sentence-transformers with its own defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from medenc.bench.contract import Encode
from medenc.core.plugins import Plugin


class SentenceTransformers(Plugin):
    """`SentenceTransformer.encode`; other backends than torch need its extras."""

    backend: Literal["torch", "openvino", "onnx"] = "torch"
    file: str = ""  # the graph, where there is more than one

    def open(self, folder: Path) -> Encode:
        """The model on the processor."""
        from sentence_transformers import SentenceTransformer

        graph = {"file_name": self.file} if self.file else {}
        model = SentenceTransformer(str(folder), device="cpu", backend=self.backend, model_kwargs=graph)
        return lambda texts: model.encode(texts, show_progress_bar=False)
