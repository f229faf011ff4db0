"""fastembed with its own defaults, on our folder's ONNX graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from medenc.bench.contract import Encode
from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.runtime.folder import open_model

NAME = "medenc/benchmark"


class FastEmbed(Plugin):
    """`TextEmbedding.embed` of a model that it is told about."""

    file: str = "onnx/model.onnx"

    def open(self, folder: Path) -> Encode:
        """The graph with fastembed's own pooling."""
        from fastembed import TextEmbedding
        from fastembed.common.model_description import ModelSource, PoolingType

        facts = open_model(folder).facts
        pooling = {"mean": PoolingType.MEAN, "cls": PoolingType.CLS}
        if facts.pooling not in pooling:
            raise MedencError(f"fastembed has no pooling '{facts.pooling}'", where=folder)
        TextEmbedding.add_custom_model(
            NAME,
            pooling=pooling[facts.pooling],
            normalization=facts.normalize,
            sources=ModelSource(hf=NAME),  # never asked: the folder is given
            dim=facts.dimension,
            model_file=self.file,
        )
        model = TextEmbedding(NAME, specific_model_path=str(folder))
        return lambda texts: np.array(list(model.embed(texts)))
