"""Intervals of scores that are no means of rows' values: the rows are drawn anew and scored again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

Score = Callable[[Sequence[Any], Sequence[Any]], Mapping[str, float]]
Samples = dict[str, dict[str, np.ndarray]]
"""system -> measure -> (rounds,) scores."""


def resampled(
    score: Score, rows: Sequence[Any], systems: Mapping[str, Sequence[Any]], rounds: int, seed: int = 0
) -> Samples:
    """Scores of every system on the same `rounds` samples; rows of one group are drawn together.

    A measure that is not defined on some sample is left out.

    Source: the cluster bootstrap, Field and Welsh, JRSS B 2007.
    """
    clusters = _clusters(rows)
    rng = np.random.default_rng(seed)
    found: dict[str, list[Mapping[str, float]]] = {name: [] for name in systems}
    for _ in range(rounds):
        drawn = [clusters[place] for place in rng.integers(0, len(clusters), len(clusters))]
        places = [place for own in drawn for place in own]
        sample = [_apart(rows[place], copy) for copy, own in enumerate(drawn) for place in own]
        for name, predictions in systems.items():
            found[name].append(score(sample, [predictions[place] for place in places]))
    always = {name: set.intersection(*(set(one) for one in own)) for name, own in found.items()}
    return {
        name: {measure: np.array([one[measure] for one in own]) for measure in own[0] if measure in always[name]}
        for name, own in found.items()
    }


def interval(samples: np.ndarray, level: float = 0.95) -> list[float]:
    """The percentile interval."""
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return [float(low), float(high)]


def difference(a: np.ndarray, b: np.ndarray) -> tuple[list[float], float]:
    """The interval of a − b over paired samples, and the two-sided p-value that the bootstrap gives."""
    differences = a - b
    against = min((differences <= 0).sum(), (differences >= 0).sum())
    return interval(differences), min(1.0, 2 * float(against + 1) / (len(differences) + 1))


def _clusters(rows: Sequence[Any]) -> list[list[int]]:
    groups: dict[Any, list[int]] = {}
    for place, row in enumerate(rows):
        groups.setdefault(getattr(row, "group", "") or place, []).append(place)
    return list(groups.values())


def _apart(row: Any, copy: int) -> Any:
    """A group that is drawn twice counts twice."""
    return replace(row, group=f"{copy}:{row.group}") if getattr(row, "group", "") else row
