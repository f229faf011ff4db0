"""Probabilities that can be believed: fitted on questions whose answers are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medenc.decoding.answers import Calibration, Reading, span_shares
from medenc.decoding.probabilities import sigmoid

LEAST = 10  # questions of a kind from which something is learned
TEMPERATURES = np.geomspace(0.1, 20, 60)


def fit_calibration(
    readings: Sequence[Reading], answers: Sequence[Sequence[tuple[int, int]]], *, no_answer: bool
) -> Calibration:
    """The calibration under which what happened was most probable; what too few questions tell of stays as it was.

    Args:
        readings: of questions with known answers, one each.
        answers: the spans of the context that are right, () for a question that its context does not answer.
        no_answer: whether there are such questions.

    Source: Platt 1999 (logistic function of a score); Guo et al. 2017 (temperature).
    """
    read = [(reading, right) for reading, right in zip(readings, answers, strict=True) if reading.spans]
    temperature = _temperature([(reading, set(right)) for reading, right in read if right])
    nulls = np.array([reading.null for reading, _ in read])
    silent = np.array([not right for _, right in read], dtype=float)
    if not no_answer or not LEAST <= silent.sum() <= len(silent) - LEAST:
        return Calibration(temperature=temperature)
    slope, offset = _logistic(nulls, silent)
    return Calibration(slope=slope, offset=offset, temperature=temperature)


def amid(scores: Sequence[float], threshold: float) -> float:
    """A threshold that parts `scores` as `threshold` does, half way to its neighbours.

    On one of them, as tuning finds it, the last bit of another backend's sum would decide.
    """
    known = np.array([score for score in scores if np.isfinite(score)])
    below, above = known[known <= threshold], known[known > threshold]
    if len(below) and len(above):
        return float((below.max() + above.min()) / 2)
    return float(below.max() + 1 if len(below) else above.min() - 1 if len(above) else threshold)


def _temperature(read: Sequence[tuple[Reading, set[tuple[int, int]]]]) -> float:
    """Of a grid, the one under which the right spans are most probable; 1 when no reading has one."""
    known = [
        (reading, np.array([(span.start, span.end) in right for span in reading.spans])) for reading, right in read
    ]
    known = [(reading, right) for reading, right in known if right.any()]
    if len(known) < LEAST:
        return 1.0

    def surprise(temperature: float) -> float:
        shares = (span_shares(reading.spans, temperature)[right].sum() for reading, right in known)
        return -sum(np.log(max(share, 1e-12)) for share in shares)

    return float(min(TEMPERATURES, key=surprise))


def _logistic(scores: np.ndarray, happened: np.ndarray, rounds: int = 100) -> tuple[float, float]:
    """Slope and offset of a logistic regression on one number, by Newton's method.

    Targets are Platt's, a little inside 0 and 1, so that the slope stays finite where scores part the kinds entirely.
    """
    centre, scale = scores.mean(), scores.std() or 1.0
    x = np.column_stack([(scores - centre) / scale, np.ones(len(scores))])
    yes, no = happened.sum(), len(happened) - happened.sum()
    targets = np.where(happened > 0, (yes + 1) / (yes + 2), 1 / (no + 2))
    weights, ridge = np.zeros(2), 1e-9 * np.eye(2)
    for _ in range(rounds):
        p = sigmoid(x @ weights)
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + ridge, x.T @ (p - targets))
        weights -= step
        if np.abs(step).max() < 1e-10:
            break
    slope = weights[0] / scale
    return float(slope), float(weights[1] - slope * centre)
