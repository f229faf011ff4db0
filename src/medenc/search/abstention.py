"""None of these: the probability that no candidate of a mention is the right concept.

A logistic function of numbers that a reader can check: how good the best candidate is, how far ahead of the next,
whether it is the mention but for its writing, and how long the mention is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from medenc.core.errors import MedencError
from medenc.core.options import Options

FEATURES = ("score", "margin", "exact", "lexical", "dense", "log_length")
PENALTY = 1.0  # of the squared weights, in units of one mention
ROUNDS = 50


class Abstention(Options):
    """Weights of the features after each is centred and scaled, and the bias."""

    features: tuple[str, ...] = FEATURES
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def probability(self, features: Sequence[float]) -> float:
        """The probability that none of the candidates is right."""
        centred = (np.array(features) - np.array(self.centre)) / np.array(self.scale)
        return float(_logistic(centred @ np.array(self.weights) + self.bias))


def fit(features: np.ndarray, none: np.ndarray, weights: np.ndarray) -> Abstention:
    """Fit on mentions whose concepts are known.

    Args:
        features: (n, 6), as `FEATURES` names them.
        none: (n,) whether no candidate was right.
        weights: (n,) how many mentions in use each one stands for.

    Raises: MedencError when all or none of the mentions had a right candidate.
    """
    none = np.asarray(none, dtype=float)
    if not 0 < none.sum() < len(none):
        raise MedencError("expected mentions with and without a right candidate", where="calibrate")
    centre, scale = features.mean(axis=0), features.std(axis=0)
    scale[scale < 1e-9] = 1.0
    *found, bias = _newton((features - centre) / scale, none, weights).tolist()
    return Abstention(centre=tuple(centre.tolist()), scale=tuple(scale.tolist()), weights=tuple(found), bias=bias)


def _newton(x: np.ndarray, y: np.ndarray, each: np.ndarray) -> np.ndarray:
    """Weights and bias (f + 1,) of a weighted logistic regression, by Newton's method."""
    x = np.column_stack([x, np.ones(len(x))])
    ridge = np.diag([*[PENALTY] * (x.shape[1] - 1), 1e-6])
    found = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        p = _logistic(x @ found)
        gradient = x.T @ (each * (p - y)) + ridge @ found
        step = np.linalg.solve((x * (each * p * (1 - p))[:, None]).T @ x + ridge, gradient)
        found -= step
        if np.abs(step).max() < 1e-10:
            break
    return found


def _logistic(logit: Any) -> Any:
    return 1 / (1 + np.exp(-logit))
