"""Encoding, measured: every system in processes of its own, one at a time, in turns."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from medenc.bench.contract import FIRST, Job
from medenc.bench.machine import Ceiling, operations
from medenc.bench.material import QUERIES
from medenc.core.errors import MedencError, did_you_mean
from medenc.core.progress import track
from medenc.runtime.folder import open_model
from medenc.runtime.session import present_backends
from medenc.runtime.tokens import TextTokenizer

Systems = Mapping[str, dict[str, Any]]
"""Names and the plug-ins of the kind `system` that they stand for."""

PEERS: Systems = {
    "transformers": {"use": "transformers"},
    "sentence-transformers": {"use": "sentence_transformers"},
    "sentence-transformers openvino": {
        "use": "sentence_transformers",
        "backend": "openvino",
        "file": "openvino_model.xml",
    },
    "sentence-transformers openvino int8": {
        "use": "sentence_transformers",
        "backend": "openvino",
        "file": "openvino_model_qint8_quantized.xml",
    },
    "fastembed": {"use": "fastembed"},
    "onnxruntime": {"use": "onnxruntime"},
}
REFERENCE = ("transformers", "medenc torch fp32")  # whose vectors the others are compared with; the first there is
TIMES_OF = "sentence-transformers"  # whose speed is 1
COMPARED = 200  # texts whose vectors are compared
QUERY_RUNS = 50  # a round
PACKAGES = ("torch", "transformers", "sentence-transformers", "openvino", "onnxruntime", "fastembed", "optimum-intel")


@dataclass
class Turns:
    """What one system answered, round by round."""

    cold: list[float] = field(default_factory=list)  # seconds from nothing to the first vector
    bulk: list[float] = field(default_factory=list)  # seconds
    processor: list[float] = field(default_factory=list)  # seconds of all threads, which other work disturbs less
    queries: list[float] = field(default_factory=list)  # milliseconds, of all rounds
    peak: list[int] = field(default_factory=list)  # bytes


def ours(model: Path) -> Systems:
    """Every backend and precision that a model folder has; torch too where it is installed."""
    tower = next(iter(open_model(model).towers.values()))
    return {
        f"medenc {backend} {precision}": {"use": "medenc", "backend": backend, "precision": precision}
        for backend, precisions in present_backends(tower).items()
        for precision in precisions
    }


def measure(
    model: Path,
    texts: Sequence[str],
    systems: Systems,
    rounds: int = 3,
    pythons: Mapping[str, Path] | None = None,
) -> dict[str, Any]:
    """Time every system on the same texts.

    Args:
        model: a finished folder that all of them read.
        texts: encoded all at once; the first ones are compared, too.
        systems: what to measure.
        rounds: each starts every system anew, one after the other; figures are medians over the rounds.
        pythons: for a system that wants other packages, the interpreter of the environment that has them.

    Returns: `{"model", "texts", "machine", "systems": {name: figures}, "left_out": {name: why}}`.
    """
    _check(pythons or {}, systems)
    lengths = _lengths(model, texts)
    with tempfile.TemporaryDirectory() as folder:
        run = _Run(model, list(texts), Path(folder), pythons or {})
        ceilings = run.rounds(systems, rounds)
        vectors = run.vectors()
    if not run.turns:
        raise MedencError("no system could be measured", hint="; ".join(run.left_out.values()))
    work = operations(next(iter(open_model(model).towers.values())), lengths)
    base = run.turns.get(TIMES_OF)
    return {
        "model": _described(model),
        "texts": {
            "count": len(texts),
            "tokens": {
                "median": statistics.median(lengths),
                "mean": statistics.fmean(lengths),
                "longest": max(lengths),
            },
            "operations": work,
        },
        "machine": {"cores": len(os.sched_getaffinity(0)), "load": round(os.getloadavg()[0], 1), "ceilings": ceilings},
        "versions": _versions(),
        "rounds": rounds,
        "systems": {
            name: _figures(name, turns, base, len(texts), work, ceilings) | _fidelity(vectors, name)
            for name, turns in run.turns.items()
        },
        "left_out": run.left_out,
    }


def _check(pythons: Mapping[str, Path], systems: Systems) -> None:
    for name, python in pythons.items():
        if name not in systems:
            raise MedencError(f"no such system: '{name}'", where="python", hint=did_you_mean(name, systems))
        if not os.access(python, os.X_OK) or not python.is_file():
            raise MedencError("expected a Python interpreter", where=python)


class _Run:
    """The rounds of one measurement."""

    def __init__(self, model: Path, texts: list[str], folder: Path, pythons: Mapping[str, Path]) -> None:
        self._model, self._texts, self._folder, self._pythons = model, texts, folder, pythons
        self.turns: dict[str, Turns] = {}
        self.left_out: dict[str, str] = {}

    def rounds(self, systems: Systems, rounds: int) -> dict[str, float]:
        """Run every system once a round; the medians of what the machine could do meanwhile."""
        ceiling, ceilings = Ceiling(), []
        for name, system in track([*systems.items()] * rounds, "measuring"):
            if name not in self.left_out:
                self._turn(name, system)
                ceilings.append(ceiling.measure())
        return {precision: statistics.median(one[precision] for one in ceilings) for precision in ceilings[0]}

    def vectors(self) -> dict[str, np.ndarray]:
        """The vectors of each system."""
        return {name: np.load(self._file(name), allow_pickle=False) for name in self.turns}

    def _turn(self, name: str, system: dict[str, Any]) -> None:
        job = Job(
            system=system,
            model=str(self._model.resolve()),
            texts=self._texts,
            queries=[QUERIES[place % len(QUERIES)] for place in range(QUERY_RUNS)],
            vectors=str(self._file(name)),
            compared=self._texts[:COMPARED],
        )
        cold, answer = _process(self._pythons.get(name, Path(sys.executable)), job)
        if "left_out" in answer:
            self.left_out[name] = answer["left_out"]
            self.turns.pop(name, None)
            return
        turns = self.turns.setdefault(name, Turns())
        turns.cold.append(cold)
        turns.bulk.append(answer["bulk_seconds"])
        turns.processor.append(answer["processor_seconds"])
        turns.queries += answer["query_milliseconds"]
        turns.peak.append(answer["peak_bytes"])

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.npy"


def _process(python: Path, job: Job) -> tuple[float, dict[str, Any]]:
    """Seconds until the first vector, and the figures or `{"left_out": why}`."""
    start = perf_counter()
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints,
        subprocess.Popen(
            [python, "-m", "medenc.bench.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018 - pipes were asked for
        with suppress(BrokenPipeError):  # it ended before it read its job, and has said why
            process.stdin.write(job.model_dump_json())
            process.stdin.close()
        first = process.stdout.readline()
        cold = perf_counter() - start
        last = process.stdout.readline() if first.strip() == FIRST else first
        process.wait()
        complaints.seek(0)
        said = complaints.read().strip().splitlines()
    if not last:
        return cold, {"left_out": f"it ended with code {process.returncode}: {said[-1] if said else 'no message'}"}
    return cold, json.loads(last)


def _figures(
    name: str, turns: Turns, base: Turns | None, texts: int, work: float, ceilings: Mapping[str, float]
) -> dict[str, Any]:
    seconds, processor = statistics.median(turns.bulk), statistics.median(turns.processor)
    precision = "int8" if name.endswith("int8") else "fp32"
    p50, p99 = np.percentile(turns.queries, [50, 99]).tolist()
    return {
        "texts_per_second": texts / seconds,
        "times": None if base is None else statistics.median(base.bulk) / seconds,
        "processor_times": None if base is None else statistics.median(base.processor) / processor,
        "share_of_ceiling": work / seconds / ceilings[precision],
        "query_ms": {"p50": p50, "p99": p99},
        "cold_seconds": statistics.median(turns.cold),
        "peak_bytes": max(turns.peak),
    }


def _fidelity(vectors: Mapping[str, np.ndarray], name: str) -> dict[str, Any]:
    """The mean and the least cosine with the reference's vectors; None where there is no reference."""
    reference = next((vectors[known] for known in REFERENCE if known in vectors), None)
    if reference is None:
        return {"cosine": None}
    own = vectors[name]
    cosines = (own * reference).sum(1) / np.linalg.norm(own, axis=1) / np.linalg.norm(reference, axis=1)
    return {"cosine": {"mean": float(cosines.mean()), "least": float(cosines.min())}}


def _lengths(model: Path, texts: Sequence[str]) -> list[int]:
    """Tokens that a model reads of each text."""
    opened = open_model(model)
    tokenizer = TextTokenizer(opened.towers["passage"], opened.facts.max_tokens)
    return [int(used) for used in tokenizer.tokenize(texts).used]


def _described(model: Path) -> dict[str, int]:
    config = json.loads((next(iter(open_model(model).towers.values())) / "config.json").read_text(encoding="utf-8"))
    return {"layers": config["num_hidden_layers"], "hidden": config["hidden_size"]}


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
