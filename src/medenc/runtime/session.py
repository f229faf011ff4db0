"""What a backend gives: a session that turns input arrays into output arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Protocol, cast

import numpy as np

from medenc.core.errors import MedencError, did_you_mean
from medenc.core.plugins import build, find, modules

Arrays = dict[str, np.ndarray]

EMBEDDING = "sentence_embedding"  # the output that carries one vector a text
HIDDEN = "last_hidden_state"  # kept in the graph because sentence-transformers and fastembed pool it themselves


class Session(Protocol):
    """A model ready to run; both methods may be called from several threads at once."""

    inputs: frozenset[str]

    def run(self, arrays: Arrays) -> Arrays:
        """One batch, as soon as possible."""
        ...

    def run_all(self, batches: Iterable[Arrays]) -> Iterator[Arrays]:
        """Many batches, as many an hour as possible; answers come in the order of the batches."""
        ...


class Backend(Protocol):
    """What a plug-in of the kind `backend` is."""

    preference: ClassVar[int]  # the lowest one present is taken when the caller names none

    @classmethod
    def present(cls, folder: Path) -> bool:
        """Whether `folder` holds what this backend runs."""
        ...

    def open(self, folder: Path) -> Session:
        """Load the model in `folder`. Raises: MedencError when the backend's library is missing."""
        ...


def present_backends(folder: Path) -> list[str]:
    """Names of the backends that `folder` holds, the preferred one first."""
    found = {name: cast(Backend, find("backend", name)) for name in modules("backend")}
    return sorted(
        (name for name, backend in found.items() if backend.present(folder)),
        key=lambda name: found[name].preference,
    )


def open_session(
    folder: Path, backend: str | None = None, threads: int | None = None, outputs: tuple[str, ...] = ()
) -> Session:
    """Open the model in `folder`.

    Args:
        folder: one encoder: `openvino/`, `onnx/` or `model.safetensors` lie in it.
        backend: `openvino`, `onnx`, `torch`, …; None takes the preferred one present.
        threads: processor threads; None takes all that this process may use.
        outputs: the outputs wanted; () wants all of them.
    """
    present = present_backends(folder)
    if not present:
        raise MedencError("the folder holds no model that a backend can run", where=folder)
    name = backend or present[0]
    if name not in present and name in modules("backend"):
        raise MedencError(
            f"the folder has no {name} model, it has: {', '.join(present)}",
            where=folder,
            hint=f"make it with `medenc export {folder} --backend {name}`",
        )
    if name not in present:
        raise MedencError(f"no such backend: '{name}'", hint=did_you_mean(name, present))
    options = {"use": name, "threads": threads, "outputs": outputs}
    return cast(Backend, build("backend", options, "backend")).open(folder)
