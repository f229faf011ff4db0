"""Whether a model knows when it is right: calibration, and what it gains by staying silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medenc.core.errors import MedencError

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions of like confidence."""

    n: int
    confidence: float  # mean
    accuracy: float  # share that is right


def reliability(confidences: Sequence[float], right: Sequence[bool], bins: int = BINS) -> list[Bin]:
    """The bins of equal width that hold a prediction, from unsure to sure."""
    sure, correct = _checked(confidences, right)
    places = np.minimum((sure * bins).astype(int), bins - 1)
    held = [places == place for place in np.unique(places)]
    return [Bin(int(own.sum()), float(sure[own].mean()), float(correct[own].mean())) for own in held]


def calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = BINS) -> float:
    """Mean distance of confidence and accuracy over the bins, weighted by their sizes (ECE).

    Source: Guo et al., On calibration of modern neural networks, ICML 2017.
    """
    found = reliability(confidences, right, bins)
    return sum(own.n * abs(own.confidence - own.accuracy) for own in found) / len(confidences)


def risk_coverage(confidences: Sequence[float], right: Sequence[bool]) -> tuple[np.ndarray, np.ndarray]:
    """Coverage and risk (n,) when only the n surest are answered, for every n; equally sure ones count together.

    Source: El-Yaniv and Wiener, JMLR 2010.
    """
    sure, correct = _checked(confidences, right)
    order = np.argsort(-sure, kind="stable")
    _, group, sizes = np.unique(-sure[order], return_inverse=True, return_counts=True)
    wrong = np.bincount(group, ~correct[order])
    wrongs, answered = np.cumsum(wrong), np.cumsum(sizes)
    within = np.arange(1, len(sure) + 1)
    before = answered[group] - sizes[group]
    risks = (wrongs[group] - wrong[group] + wrong[group] * (within - before) / sizes[group]) / within
    return within / len(sure), risks


def area_under_risk(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Mean risk over all coverages (AURC); less is better, and it is never less than what a perfect order gives."""
    return float(risk_coverage(confidences, right)[1].mean())


def _checked(confidences: Sequence[float], right: Sequence[bool]) -> tuple[np.ndarray, np.ndarray]:
    sure, correct = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=bool)
    if sure.shape != correct.shape or not sure.size:
        raise MedencError(f"{sure.size} confidences of {correct.size} predictions", where="metrics")
    if not (np.isfinite(sure).all() and sure.min() >= -1e-9 and sure.max() <= 1 + 1e-9):
        raise MedencError("a confidence outside 0 … 1", where="metrics")
    return np.clip(sure, 0, 1), correct
