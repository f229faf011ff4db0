"""Conversion of an encoder to a graph that runs without torch, with pooling and normalisation inside."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from medenc.core.artifact import amending
from medenc.core.errors import MedencError, did_you_mean
from medenc.decoding.folder import Agreement as TaskAgreement
from medenc.decoding.folder import is_task
from medenc.models.encoder import Encoder, from_checkpoint
from medenc.models.folder import read_contract
from medenc.models.head import Axes, HeadModule, outputs, read_head
from medenc.models.pooling import pool
from medenc.models.quiet import quiet
from medenc.runtime.folder import ROLES
from medenc.runtime.offline import import_converter, import_openvino
from medenc.runtime.probes import Agreement, agreement
from medenc.runtime.session import EMBEDDING, HIDDEN


class Graph(nn.Module):
    """What is exported of an encoder: token vectors for programs that pool them themselves, and the text's vector."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder, self.contract, self.inputs = encoder, encoder.contract, _inputs(encoder)
        self.outputs: dict[str, Axes] = {
            HIDDEN: ("batch", "tokens", encoder.dimension),
            EMBEDDING: ("batch", encoder.dimension),
        }

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Token vectors (batch, tokens, hidden) and text vectors (batch, dimension)."""
        output = self.encoder.read(input_ids, attention_mask, token_type_ids)
        vectors = pool(output, attention_mask, self.contract.pooling)
        if self.contract.normalize:
            vectors = nn.functional.normalize(vectors, dim=-1)
        return output.last_hidden_state, vectors


class TaskGraph(nn.Module):
    """What is exported of a task's model: the encoder and its head, with the head's outputs."""

    def __init__(self, encoder: Encoder, head: HeadModule) -> None:
        super().__init__()
        self.encoder, self.head, self.inputs = encoder, head, _inputs(encoder)
        self.outputs = head.outputs

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """The head's outputs in their order."""
        found = outputs(self.encoder, self.head, input_ids, attention_mask, token_type_ids)
        return tuple(found[name] for name in self.outputs)


AnyGraph = Graph | TaskGraph


def load_graph(folder: Path) -> AnyGraph:
    """The graph of one encoder's folder, with the head where it has one, ready to run under torch in float32."""
    encoder = from_checkpoint(folder, read_contract(folder))
    return (TaskGraph(encoder, read_head(folder, encoder)) if is_task(folder) else Graph(encoder)).eval()


def _inputs(encoder: Encoder) -> tuple[str, ...]:
    return ("input_ids", "attention_mask", *(["token_type_ids"] if encoder.segments > 1 else []))


def export(folder: Path, backend: str = "openvino") -> dict[str, Any]:
    """Add a backend in float32 to a finished model folder and return its entry of the manifest's `exports`.

    The graph is accepted only when it repeats the vectors, or the decisions, of the folder's probes; otherwise nothing
    changes.
    """
    with amending(Path(folder), "model") as draft:
        made = add_backend(draft.folder, backend)
        draft.facts["exports"] = {**draft.facts.get("exports", {}), backend: made}
    return made


def add_backend(folder: Path, backend: str = "openvino") -> dict[str, Any]:
    """Convert every encoder of a model folder that is still being written.

    Args:
        folder: weights, tokenizer and probes, or `query/` and `passage/` with theirs.
        backend: `openvino` writes `openvino/openvino_model.xml`, `onnx` writes `onnx/model.onnx`.

    Returns: precision, and the worst cosine or the largest difference, for `exports` in the manifest.
    Raises: MedencError when the graph strays from the probes further than float32 in another order does.
    """
    if backend not in _CONVERTERS:
        raise MedencError(f"cannot convert to '{backend}'", hint=did_you_mean(backend, _CONVERTERS))
    towers = [folder / role for role in ROLES if (folder / role).is_dir()] or [folder]
    found = [_convert(tower, backend) for tower in towers]
    return {"precision": "fp32", **max(found, key=lambda one: one.strays).summary()}


def _convert(folder: Path, backend: str) -> Agreement | TaskAgreement:
    """Convert one encoder; returns how it agrees with what is stored."""
    target = folder / backend
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    with _quiet(), quiet(), torch.inference_mode():
        _CONVERTERS[backend](load_graph(folder), target)
    found = agreement(folder, backend, read_contract(folder).max_tokens)
    if not found.ok:
        said = ", ".join(f"{name.replace('_', ' ')} {value:.7f}" for name, value in found.summary().items())
        raise MedencError(
            f"the {backend} graph strays from the model: {said} over the probes, allowed {found.bound}", where=folder
        )
    return found


def _to_openvino(graph: AnyGraph, target: Path) -> None:
    model = import_converter().convert_model(graph, example_input=_example(graph))
    openvino = import_openvino()
    for port in model.inputs:
        port.get_node().set_partial_shape(openvino.PartialShape([-1, -1]))
    for port, name in zip(model.outputs, graph.outputs, strict=True):  # in the order of the tuple
        port.get_tensor().set_names({name})
    model.validate_nodes_and_infer_types()
    openvino.save_model(model, target / "openvino_model.xml", compress_to_fp16=False)


def _to_onnx(graph: AnyGraph, target: Path) -> None:
    example = _example(graph)
    axes: dict[str, Axes] = {**dict.fromkeys(example, ("batch", "tokens")), **graph.outputs}
    torch.onnx.export(
        graph,
        tuple(example.values()),
        str(target / "model.onnx"),
        input_names=list(example),
        output_names=list(graph.outputs),
        dynamic_axes={
            name: {place: axis for place, axis in enumerate(own) if isinstance(axis, str)} for name, own in axes.items()
        },
        opset_version=17,
        dynamo=False,  # the newer exporter needs a further package and gives nothing here
    )


_CONVERTERS = {"openvino": _to_openvino, "onnx": _to_onnx}


def _example(graph: AnyGraph) -> dict[str, Tensor]:
    """A padded batch: without padding, the traced attention would leave its mask out."""
    mask = torch.tensor([[1] * 7, [1] * 5 + [0] * 2])
    arrays = {"input_ids": mask, "attention_mask": mask, "token_type_ids": torch.zeros_like(mask)}
    return {name: arrays[name] for name in graph.inputs}


@contextmanager
def _quiet() -> Iterator[None]:
    """Tracing warns about branches in transformers; the probes are what decides whether they matter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
