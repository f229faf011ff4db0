"""The weights themselves under torch; needs the training extra."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.runtime.session import Arrays, Precision, held

SHARDS = "model.safetensors.index.json"


class Torch(Plugin):
    """Runs `model.safetensors`."""

    preference: ClassVar[int] = 2
    files: ClassVar[dict[Precision, str]] = {"fp32": "model.safetensors"}

    threads: int | None = None
    outputs: tuple[str, ...] = ()
    precision: Literal["fp32"] = "fp32"

    @classmethod
    def present(cls, folder: Path) -> list[Precision]:
        """The weights, if `folder` has any."""
        return held(folder, cls.files) or held(folder, {"fp32": SHARDS})

    def open(self, folder: Path) -> TorchSession:
        """Load the encoder."""
        try:
            import torch

            from medenc.runtime.export import load_graph
        except ModuleNotFoundError as error:
            raise MedencError(
                f"the package {error.name} is not installed",
                where=folder,
                hint="pip install 'medenc[train]', or export the model where it is: `medenc export`",
            ) from None
        if self.threads:
            torch.set_num_threads(self.threads)
        return TorchSession(load_graph(folder), self.outputs)


class TorchSession:
    """An encoder in memory; a batch uses all threads, so batches run one after another."""

    def __init__(self, graph: Any, outputs: tuple[str, ...]) -> None:
        self.inputs = frozenset(graph.inputs)
        self._graph, self._outputs = graph, outputs or graph.outputs

    def run(self, arrays: Arrays) -> Arrays:
        """One batch."""
        import torch

        with torch.inference_mode():
            found = self._graph(**{name: torch.from_numpy(array) for name, array in arrays.items()})
        named = dict(zip(self._graph.outputs, found, strict=True))
        return {name: named[name].numpy() for name in self._outputs}

    def run_all(self, batches: Iterable[Arrays]) -> Iterator[Arrays]:
        """Batch after batch."""
        return map(self.run, batches)
