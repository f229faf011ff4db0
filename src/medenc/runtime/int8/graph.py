"""What a graph in int8 is, and how one is made: NNCF's post-training quantization.

Weights get a scale for each output channel, activations one fixed scale that calibration texts decide. So a vector
never depends on what shares its batch, as it does where ranges are taken from each batch.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Protocol

from medenc.core.errors import MedencError
from medenc.runtime.offline import import_nncf
from medenc.runtime.session import Arrays


class Int8Graph(Protocol):
    """A graph whose layers are in int8, each of which can be put back into float32."""

    layers: tuple[str, ...]

    def write(self, target: Path, in_float: Collection[str] = ()) -> None:
        """Write the graph with the layers `in_float` computed in float32."""
        ...


def quantize(folder: Path, backend: str, batches: Sequence[Arrays]) -> Int8Graph:
    """The int8 form of the float32 graph that `folder` holds for `backend`.

    Args:
        batches: inputs that show the ranges of the activations, one text each.

    Raises: MedencError when the package that quantizes is not installed.
    """
    from medenc.runtime.int8.onnx_graph import OnnxGraph
    from medenc.runtime.int8.openvino_graph import OpenVinoGraph

    graphs: dict[str, Any] = {"openvino": OpenVinoGraph, "onnx": OnnxGraph}
    if backend not in graphs:
        raise MedencError(f"{backend} has no int8 form", where="precision", hint=" or ".join(graphs))
    graph: Int8Graph = graphs[backend].of(folder, batches)
    return graph


def calibrated(model: Any, batches: Sequence[Arrays], left_alone: dict[str, Any], **settings: Any) -> Any:
    """`model` (OpenVINO's or ONNX's) with quantizers around its linear layers.

    Args:
        left_alone: as NNCF's ignored scope: the products inside the attention and the tables of embeddings, which lose
            most by rounding and gain no time.
        settings: advanced ones of the format.
    """
    nncf = import_nncf()
    nncf.set_log_level(logging.ERROR)
    with contextlib.redirect_stdout(io.StringIO()):  # its progress bars would stand among our results
        return nncf.quantize(
            model,
            nncf.Dataset(batches),
            subset_size=len(batches),
            model_type=nncf.ModelType.TRANSFORMER,
            preset=nncf.QuantizationPreset.MIXED,
            ignored_scope=nncf.IgnoredScope(**left_alone, validate=False),
            advanced_parameters=nncf.AdvancedQuantizationParameters(**settings),
        )
