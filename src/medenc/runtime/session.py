"""What a backend gives: a session that turns input arrays into output arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Literal, Protocol, cast

import numpy as np

from medenc.core.errors import MedencError, did_you_mean
from medenc.core.plugins import build, find, modules

Arrays = dict[str, np.ndarray]
Precision = Literal["int8", "fp32"]
PRECISIONS: tuple[Precision, ...] = ("int8", "fp32")  # an int8 graph is there only when it was accepted and is faster

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
    files: ClassVar[Mapping[Precision, str]]  # where its models stand in a folder

    @classmethod
    def present(cls, folder: Path) -> list[Precision]:
        """The precisions in which `folder` holds what this backend runs, the preferred one first."""
        ...

    def open(self, folder: Path) -> Session:
        """Load the model in `folder`. Raises: MedencError when the backend's library is missing."""
        ...


def held(folder: Path, files: Mapping[Precision, str]) -> list[Precision]:
    """The precisions whose file is in `folder`, the preferred one first."""
    return [precision for precision in PRECISIONS if precision in files and (folder / files[precision]).is_file()]


def files_of(backend: str) -> Mapping[Precision, str]:
    """Where a backend's models stand in a folder. Raises: MedencError for an unknown one."""
    return cast(Backend, find("backend", backend)).files


def present_backends(folder: Path) -> dict[str, list[Precision]]:
    """The backends that `folder` holds, the preferred one first, and the precisions of each."""
    found = {name: cast(Backend, find("backend", name)) for name in modules("backend")}
    names = sorted(found, key=lambda name: found[name].preference)
    return {name: precisions for name in names if (precisions := found[name].present(folder))}


def open_session(
    folder: Path,
    backend: str | None = None,
    threads: int | None = None,
    outputs: tuple[str, ...] = (),
    precision: Precision | None = None,
) -> Session:
    """Open the model in `folder`.

    Args:
        folder: one encoder: `openvino/`, `onnx/` or `model.safetensors` lie in it.
        backend: `openvino`, `onnx`, `torch`, …; None takes the preferred one present.
        threads: processor threads; None takes all that this process may use.
        outputs: the outputs wanted; () wants all of them.
        precision: `fp32` or `int8`; None takes int8 where the folder has it, which means that it was accepted.
    """
    present = present_backends(folder)
    if not present:
        raise MedencError("the folder holds no model that a backend can run", where=folder)
    name = backend or next((own for own in present if precision in (None, *present[own])), next(iter(present)))
    if name not in present and name in modules("backend"):
        raise MedencError(
            f"the folder has no {name} model, it has: {', '.join(present)}",
            where=folder,
            hint=f"make it with `medenc export {folder} --backend {name}`",
        )
    if name not in present:
        raise MedencError(f"no such backend: '{name}'", hint=did_you_mean(name, present))
    if precision is not None and precision not in present[name]:
        raise MedencError(
            f"the folder's {name} model is not there in {precision}",
            where=folder,
            hint=f"see `medenc export --precision {precision}`",
        )
    options = {
        "use": name,
        "threads": threads,
        "outputs": outputs,
        "precision": precision or present[name][0],
    }
    return cast(Backend, build("backend", options, "backend")).open(folder)
