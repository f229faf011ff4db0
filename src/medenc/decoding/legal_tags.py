"""The likeliest tags that form entities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

IMPOSSIBLE = -1e9  # in the place of a logarithm's minus infinity, so that sums stay numbers


def likeliest(probabilities: np.ndarray, tags: Sequence[str], *, closed: bool) -> np.ndarray:
    """The numbers of the tags (units,) with the largest product of probabilities among those without a broken entity.

    Args:
        probabilities: (units, tags) of each unit by itself.
        tags: `O`, `B-…`, `I-…`, and where entities are `closed` (BIOES) `E-…` and `S-…`.
        closed: whether an entity must come to its end.

    Source: Viterbi 1967, with transitions that are allowed or not.
    """
    if not len(probabilities):
        return np.empty(0, dtype=np.int64)
    begins, ends, follows = _grammar(tags, closed)
    scores = np.log(np.maximum(probabilities.astype(np.float64), np.finfo(np.float32).tiny))
    moves = np.where(follows, 0.0, IMPOSSIBLE)
    best, before = scores[0] + np.where(begins, 0.0, IMPOSSIBLE), []
    for own in scores[1:]:
        reached = best[:, None] + moves
        before.append(reached.argmax(axis=0))
        best = reached.max(axis=0) + own
    path = [int((best + np.where(ends, 0.0, IMPOSSIBLE)).argmax())]
    for origin in reversed(before):
        path.append(int(origin[path[-1]]))
    return np.array(path[::-1], dtype=np.int64)


def _grammar(tags: Sequence[str], closed: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which tags may be the first (tags,), which the last, and which follow which, (tags, tags)."""
    kinds = np.array([tag[0] for tag in tags])
    labels = np.array([tag[2:] for tag in tags])
    begins = np.isin(kinds, list("OBS"))
    opened = np.isin(kinds, list("BI"))
    inside = np.isin(kinds, list("IE"))
    ends = ~opened if closed else np.ones(len(tags), dtype=bool)
    goes_on = opened[:, None] & inside[None] & (labels[:, None] == labels[None])
    return begins, ends, goes_on | (ends[:, None] & begins[None])
