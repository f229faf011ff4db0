"""How sure a score and a difference are: bootstrap intervals and paired permutation tests over queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from medenc.core.errors import MedencError

ROUNDS = 10_000
BLOCK = 2**22  # random numbers held at once


def bootstrap_interval(
    values: Sequence[float] | np.ndarray, seed: int = 0, level: float = 0.95, rounds: int = ROUNDS
) -> tuple[float, float]:
    """The percentile interval of the mean when the queries are drawn anew with replacement.

    Args:
        values: one score a query, shape (n,).

    Raises: MedencError without a value.
    """
    scores = np.asarray(values, dtype=np.float64)
    if scores.size == 0:
        raise MedencError("no value to take an interval of")
    rng = np.random.default_rng(seed)
    draws = (rng.integers(0, scores.size, size=(size, scores.size)) for size in _blocks(rounds, scores.size))
    means = np.concatenate([scores[draw].mean(axis=1) for draw in draws])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def paired_test(a: Mapping[str, float], b: Mapping[str, float], seed: int = 0, rounds: int = ROUNDS) -> dict[str, Any]:
    """Whether system `a` differs from `b` on the same queries.

    Returns: `difference` (mean of a − b), its bootstrap `interval`, and `p`, the two-sided p-value of the paired
    permutation test: the share of sign assignments to the differences whose mean is at least as far from 0. All 2ⁿ
    assignments are taken when they are no more than `rounds`, else `rounds` random ones and the observed one.

    Raises: MedencError when the systems were not scored on the same queries.
    """
    if a.keys() != b.keys() or not a:
        raise MedencError("a paired test needs scores of both systems on the same queries")
    differences = np.array([a[query] - b[query] for query in sorted(a)])
    return {
        "difference": float(differences.mean()),
        "interval": list(bootstrap_interval(differences, seed, rounds=rounds)),
        "p": _permutation_p(differences, seed, rounds),
    }


def _permutation_p(differences: np.ndarray, seed: int, rounds: int) -> float:
    moving = differences[differences != 0]  # a sign does not move a zero
    if moving.size == 0:
        return 1.0
    least = abs(moving.sum()) * (1 - 1e-12)  # equal sums may differ in their last bits
    exact = moving.size < 63 and 2**moving.size <= rounds
    signs = _all_signs(moving.size) if exact else _random_signs(moving.size, seed, rounds)
    reached = sum(int((abs(block @ moving) >= least).sum()) for block in signs)
    return reached / 2**moving.size if exact else (reached + 1) / (rounds + 1)


def _all_signs(n: int) -> Iterator[np.ndarray]:
    yield 1 - 2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)


def _random_signs(n: int, seed: int, rounds: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    for size in _blocks(rounds, n):
        yield 1.0 - 2.0 * rng.integers(0, 2, size=(size, n))


def _blocks(rounds: int, n: int) -> list[int]:
    """How many rounds to do at once, so that memory stays flat."""
    most = max(1, BLOCK // n)
    return [min(most, rounds - done) for done in range(0, rounds, most)]


def mean_interval(values: Sequence[float] | np.ndarray, level: float = 0.95) -> tuple[float, float] | None:
    """Student's interval of the mean of a few independent runs; None for a single one, which says nothing of others."""
    from scipy.special import stdtrit  # scipy.stats would take a second to import

    scores = np.asarray(values, dtype=np.float64)
    if scores.size < 2:
        return None
    reach = float(stdtrit(scores.size - 1, (1 + level) / 2) * scores.std(ddof=1) / np.sqrt(scores.size))
    return float(scores.mean()) - reach, float(scores.mean()) + reach
