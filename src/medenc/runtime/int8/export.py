"""A model's graph in int8, which stays only when it decides alike and is faster here."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medenc.core.artifact import amending
from medenc.core.errors import MedencError
from medenc.core.progress import track
from medenc.runtime.folder import ModelFacts, ModelFolder
from medenc.runtime.int8.graph import quantize
from medenc.runtime.int8.judged import Judged
from medenc.runtime.int8.judging import Verdict
from medenc.runtime.int8.subject import subject
from medenc.runtime.probes import agreement
from medenc.runtime.session import PRECISIONS, Arrays, Precision, Session, files_of, open_session

PROBED = 12  # inputs by which the damage of each layer is measured
ROUNDS = 7  # pairs of runs by which the two are timed
FASTER = 1.05  # times: less is within what two equal runs differ

Layer = tuple[Path, str]  # a tower, and the name of one of its layers


def export_int8(
    path: Path, backend: str = "openvino", texts: Path | None = None, judged: Judged | None = None
) -> dict[str, Any]:
    """Add an int8 graph to a finished model folder, or say why it has none; returns the report that the manifest keeps.

    A missing float32 graph of the backend is made first, which needs the training extra.

    Args:
        texts: to calibrate on and to rank or decide by; the bundled sample by default.
        judged: queries with judged passages, or labelled rows: then scores count, too.

    Returns: `{"accepted", "why", "overlap" or "equal_decisions", "speedup", "in_float", "layers", …}`.
    """
    with amending(Path(path), "model") as draft:
        exports = draft.facts["exports"] = dict(draft.facts.get("exports", {}))
        report = add_int8(draft.folder, draft.facts["model"], exports, backend, texts, judged)
    return report  # noqa: RET504 - only when the folder has taken its place


def add_int8(
    folder: Path,
    facts: Mapping[str, Any],
    exports: dict[str, Any],
    backend: str,
    texts: Path | None = None,
    judged: Judged | None = None,
) -> dict[str, Any]:
    """The same for a folder that is being written; `facts` and `exports` are its manifest's, and `exports` changes."""
    files = files_of(backend)
    if "int8" not in files:
        raise MedencError(f"{backend} has no int8 form", where="backend", hint="openvino or onnx")
    model = ModelFolder(folder, ModelFacts.parse(facts, f"{folder}/manifest.json:model"), {})
    if any(not (tower / files["fp32"]).is_file() for tower in model.towers.values()):
        from medenc.runtime.export import add_backend

        exports[backend] = add_backend(folder, backend)
    report = Trial(model, backend, texts, judged).run()
    exports[backend] = {**exports.get(backend, {"precision": "fp32"}), "int8": report}
    return report


class Trial:
    """One attempt at the int8 graphs of a model's towers."""

    def __init__(self, model: ModelFolder, backend: str, texts: Path | None, judged: Judged | None) -> None:
        self._backend, self._max_tokens = backend, model.facts.max_tokens
        self._file = files_of(backend)["int8"]
        for tower in dict.fromkeys(model.towers.values()):
            _remove(tower / self._file)  # an earlier one
        self._subject = subject(model, backend, texts, judged)
        self._graphs = {tower: quantize(tower, backend, own) for tower, own in self._subject.inputs.items()}

    def run(self) -> dict[str, Any]:
        """Write the graphs, or leave none; the report."""
        verdict, in_float = self._decided()
        speedup = self._speedup() if verdict.ok else None
        why = _why(verdict, speedup)
        probes = {} if why else self._summary()
        if why:
            for tower in self._graphs:
                _remove(tower / self._file)
        return {
            "accepted": not why,
            "why": why,
            **verdict.figures,
            "probes": probes,
            "speedup": speedup and round(speedup, 2),
            "layers": sum(len(graph.layers) for graph in self._graphs.values()),
            "in_float": [f"{tower.name}:{layer}" if len(self._graphs) > 1 else layer for tower, layer in in_float],
            **self._subject.facts,
            "processor": platform.processor() or platform.machine(),
        }

    def _decided(self) -> tuple[Verdict, list[Layer]]:
        """The verdict on all layers in int8, or with the most damaging back in float32: 1 of them, 3, 7, …, half."""
        order: list[Layer] = []
        back = 0
        while True:
            self._write(order[:back])
            verdict = self._subject.judge()
            if verdict.ok:
                return verdict, order[:back]
            order = order or self._by_damage()
            if back == len(order) // 2:  # what is left in int8 would gain nothing
                return verdict, []
            back = min(2 * back + 1, len(order) // 2)

    def _by_damage(self) -> list[Layer]:
        """The layers, first the one that alone in int8 changes the outputs most."""
        damage: dict[Layer, float] = {}
        for tower, graph in self._graphs.items():
            exact = self._outputs(tower, "fp32")
            for layer in track(graph.layers, "measuring layers"):
                self._write([(tower, other) for other in graph.layers if other != layer], [tower])
                damage[tower, layer] = float(np.linalg.norm(self._outputs(tower, "int8") - exact))
        return sorted(damage, key=lambda one: -damage[one])

    def _outputs(self, tower: Path, precision: Precision) -> np.ndarray:
        """All numbers that a graph gives for some inputs, in one row."""
        session = self._session(tower, precision)
        found = [session.run(batch) for batch in self._subject.inputs[tower][:PROBED]]
        return np.concatenate([outputs[name].reshape(-1) for outputs in found for name in sorted(outputs)])

    def _write(self, in_float: Collection[Layer], towers: Sequence[Path] | None = None) -> None:
        for tower in towers or self._graphs:
            _remove(tower / self._file)
            self._graphs[tower].write(tower / self._file, {layer for own, layer in in_float if own == tower})

    def _speedup(self) -> float:
        """How many times as fast int8 is over all towers: the median of runs in turns."""
        sessions = {precision: self._opened(precision) for precision in PRECISIONS}
        turns = [{name: _seconds(own) for name, own in sessions.items()} for _ in range(ROUNDS + 1)]
        return statistics.median(turn["fp32"] / turn["int8"] for turn in turns[1:])  # the first warmed up

    def _opened(self, precision: Precision) -> list[tuple[Session, list[Arrays]]]:
        """Every tower's session with what it is timed on."""
        given = self._subject.batches.items()
        return [(self._session(tower, precision), own) for tower, own in given]

    def _session(self, tower: Path, precision: Precision) -> Session:
        return open_session(tower, self._backend, outputs=self._subject.outputs, precision=precision)

    def _summary(self) -> dict[str, float]:
        """How far the probes stray at worst, by which `medenc verify` will know the graph."""
        found = [agreement(tower, self._backend, self._max_tokens, "int8") for tower in self._graphs]
        return max(found, key=lambda one: one.strays).summary()


def _why(verdict: Verdict, speedup: float | None) -> str:
    """Why float32 stays; empty when int8 may take its place."""
    if not verdict.ok:
        return "int8 ranks or decides otherwise"
    return "int8 is not faster on this machine" if speedup is None or speedup < FASTER else ""


def _seconds(sessions: Sequence[tuple[Session, Sequence[Arrays]]]) -> float:
    start = time.perf_counter()
    for session, batches in sessions:
        for _ in session.run_all(batches):
            pass
    return time.perf_counter() - start


def _remove(graph: Path) -> None:
    """Take a graph away instead of writing into it: it may be a link to the finished folder's file."""
    for file in (graph, graph.with_suffix(".bin")):
        file.unlink(missing_ok=True)
