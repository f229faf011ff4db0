"""The fixed texts in a model folder, and how far a backend strays from the vectors stored with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medenc.core.errors import MedencError
from medenc.core.files import read_json
from medenc.decoding import folder as task
from medenc.runtime.answering import open_answering
from medenc.runtime.session import Precision
from medenc.runtime.tower import Tower

FILE = "probes.json"
BOUND = 0.99999  # the least cosine between a probe's stored vector and that of a backend in float32
SLACK = 0.002  # by which an int8 graph's least cosine may differ between processors


@dataclass(frozen=True)
class Agreement:
    """A backend beside the stored vectors."""

    worst_cosine: float
    largest_difference: float
    bound: float

    @property
    def ok(self) -> bool:
        """Whether the backend may be used."""
        return self.worst_cosine >= self.bound

    @property
    def strays(self) -> float:
        """How far it is off, to compare towers."""
        return 1 - self.worst_cosine

    def summary(self) -> dict[str, float]:
        """What the manifest keeps."""
        return {"worst_cosine": self.worst_cosine}

    def to_json(self) -> dict[str, float | bool]:
        """A JSON-ready copy."""
        return {**self.__dict__, "ok": self.ok}


def agreement(
    folder: Path, backend: str, max_tokens: int, precision: Precision = "fp32", known: Mapping[str, float] | None = None
) -> Agreement | task.Agreement:
    """Run the probes of one encoder's folder under `backend` and compare with the stored vectors or decisions.

    Args:
        known: the `summary` of an int8 graph when it was accepted, from which it may not go further; int8 has no other
            bound on numbers, for it is accepted by its decisions.
    """
    if task.is_task(folder):
        answering, run = open_answering(folder, max_tokens, backend, precision=precision)
        return task.compare(folder, answering, run, None if precision == "fp32" else known or {})
    texts, stored = _read(folder / FILE)
    tower = Tower(folder, max_tokens, backend, precision=precision)
    found = tower.vectors(tower.tokenizer.tokenize(texts).ids, stored.shape[1])
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(stored, axis=1)
    cosines = (found * stored).sum(1) / np.maximum(lengths, 1e-12)
    bound = BOUND if precision == "fp32" else (known or {}).get("worst_cosine", -1) - SLACK
    return Agreement(float(cosines.min()), float(np.abs(found - stored).max()), bound)


def _read(path: Path) -> tuple[list[str], np.ndarray]:
    probes = read_json(path)
    try:
        texts, vectors = list(probes["texts"]), np.array(probes["vectors"], dtype=np.float32)
    except (KeyError, TypeError, ValueError):
        raise MedencError("expected texts and a vector for each", where=path) from None
    if vectors.ndim != 2 or len(texts) != len(vectors) or not texts:
        raise MedencError(f"{len(texts)} texts, but vectors of shape {vectors.shape}", where=path)
    return texts, vectors
