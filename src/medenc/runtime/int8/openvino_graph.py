"""OpenVINO graphs in int8."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from medenc.runtime.backends.openvino import OpenVino
from medenc.runtime.int8.graph import calibrated
from medenc.runtime.offline import import_openvino
from medenc.runtime.session import Arrays

_LEFT_ALONE = {"types": ["ScaledDotProductAttention", "Gather"]}
_QUANTIZER = "FakeQuantize"


class OpenVinoGraph:
    """A graph with a quantizer at the inputs of every linear layer."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.layers = tuple(node.get_friendly_name() for node in model.get_ordered_ops() if _quantizers(node))

    @classmethod
    def of(cls, folder: Path, batches: Sequence[Arrays]) -> OpenVinoGraph:
        """The graph of a folder, with ranges from `batches`; weights stay exact until it is written."""
        model = import_openvino().Core().read_model(folder / OpenVino.files["fp32"])
        return cls(calibrated(model, batches, _LEFT_ALONE, backend_params={"compress_weights": False}))

    def write(self, target: Path, in_float: Collection[str] = ()) -> None:
        """Write `target` (.xml) and the numbers beside it."""
        openvino = import_openvino()
        from openvino._offline_transformations import compress_quantize_weights_transformation

        model = self._model.clone()
        for node in model.get_ops():
            if node.get_friendly_name() in in_float:
                for port, quantizer in _quantizers(node):
                    port.replace_source_output(quantizer.input_value(0))
        compress_quantize_weights_transformation(model)
        openvino.save_model(model, target, compress_to_fp16=False)


def _quantizers(node: Any) -> list[tuple[Any, Any]]:
    """The inputs of a layer that are quantized, each with its quantizer; none for whatever is no layer."""
    if node.get_type_name() != "MatMul":
        return []
    sources = [(port, port.get_source_output().get_node()) for port in node.inputs()]
    return [(port, source) for port, source in sources if source.get_type_name() == _QUANTIZER]
