"""ONNX graphs in int8."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from medenc.core.errors import MedencError
from medenc.runtime.backends.onnx import Onnx
from medenc.runtime.int8.graph import calibrated
from medenc.runtime.session import Arrays

_LAYERS = ("MatMul", "Gemm")


class OnnxGraph:
    """A graph with a pair of a quantizer and a dequantizer before every linear layer."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.layers = tuple(node.name for node in model.graph.node if _activations(model, node))

    @classmethod
    def of(cls, folder: Path, batches: Sequence[Arrays]) -> OnnxGraph:
        """The graph of a folder, with ranges from `batches`."""
        try:
            import onnx
        except ModuleNotFoundError:
            raise MedencError(
                "the package onnx is not installed", where=folder, hint="pip install 'medenc[onnx,int8]'"
            ) from None
        model = onnx.load(folder / Onnx.files["fp32"])
        return cls(calibrated(model, batches, {"names": _attention(model), "types": ["Gather"]}))

    def write(self, target: Path, in_float: Collection[str] = ()) -> None:
        """Write `target`; a layer in float32 keeps its rounded weights, whose error is the smaller part."""
        import onnx

        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        for node in model.graph.node:
            if node.name in in_float:
                for place, source in _activations(model, node):
                    node.input[place] = source
        onnx.save(model, target)


def _attention(model: Any) -> list[str]:
    """Products of two activations: neither factor is a weight."""
    fixed = {one.name for one in model.graph.initializer} | {
        name for node in model.graph.node if node.op_type == "Constant" for name in node.output
    }
    return [node.name for node in model.graph.node if node.op_type in _LAYERS and not fixed & set(node.input)]


def _activations(model: Any, node: Any) -> list[tuple[int, str]]:
    """The quantized activations among a layer's inputs: the place of each, and what it was before."""
    if node.op_type not in _LAYERS:
        return []
    makers = {name: one for one in model.graph.node for name in one.output}
    found = []
    for place, name in enumerate(node.input):
        dequantizer = makers.get(name)
        if dequantizer is not None and dequantizer.op_type == "DequantizeLinear":
            quantizer = makers.get(dequantizer.input[0])
            if quantizer is not None and quantizer.op_type == "QuantizeLinear":
                found.append((place, quantizer.input[0]))
    return found
