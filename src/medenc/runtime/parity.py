"""`medenc verify`: is the folder what was written, and do all its backends give the model's vectors or decisions?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medenc.core.artifact import Artifact
from medenc.core.errors import MedencError
from medenc.runtime.folder import ModelFolder, open_model
from medenc.runtime.probes import agreement
from medenc.runtime.session import Precision, present_backends


def verify(folder: Path | str, *, every: bool = True) -> dict[str, Any]:
    """Check every file against the manifest, then the probes under every backend the folder holds.

    With `every=False` the probes run under the backend alone that is taken by default.

    Returns: `{"model", "ok", "damaged": [names], "backends": {name: {"worst_cosine", "largest_difference", "bound",
    "ok"}}}`; a task's model has `"decisions"`, the share of equal ones, instead of the cosine. With two towers the
    names are `query/openvino` and so on; those of int8 graphs end in `-int8`. A backend that cannot run has `"error"`.
    Backends are not run when a file is damaged: their answers would mean nothing.
    """
    model = open_model(folder)
    damaged = Artifact(model.path, model.manifest).damaged()
    backends = {} if damaged else _backends(model, every)
    ok = bool(backends) and all(entry["ok"] for entry in backends.values())
    return {"model": str(model.path), "ok": ok, "damaged": damaged, "backends": backends}


def _backends(model: ModelFolder, every: bool) -> dict[str, dict[str, Any]]:
    towers = {f"{role}/": path for role, path in model.towers.items()} if model.facts.towers else {"": model.path}
    graphs = [
        (role, path, backend, precision)
        for role, path in towers.items()
        for backend, precision in _graphs(path)[: None if every else 1]
    ]
    return {
        f"{role}{backend}{'' if precision == 'fp32' else f'-{precision}'}": _check(model, path, backend, precision)
        for role, path, backend, precision in graphs
    }


def _graphs(path: Path) -> list[tuple[str, Precision]]:
    """The graphs of one encoder's folder, the one that is taken by default first."""
    return [(name, precision) for name, precisions in present_backends(path).items() for precision in precisions]


def _check(model: ModelFolder, path: Path, backend: str, precision: Precision) -> dict[str, Any]:
    made = model.manifest.get("exports", {}).get(backend, {})
    if precision == "int8" and not made.get("int8", {}).get("accepted"):
        return {"ok": False, "error": "the folder does not say that this graph was accepted; medenc export makes one"}
    known = made.get(precision, {}).get("probes", {})
    try:
        return agreement(path, backend, model.facts.max_tokens, precision, known).to_json()
    except MedencError as error:
        return {"ok": False, "error": str(error)}
