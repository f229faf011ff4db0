"""What a dictionary learns from mentions whose concepts are known: the weight of the vectors, and when to abstain.

Hiding the right concept of a mention from its candidates shows what a concept that is not in the dictionary looks like,
so no list of such concepts is needed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medenc.metrics.linking import concepts
from medenc.search import abstention
from medenc.search.dictionary import Settings
from medenc.search.fusion import SHARES
from medenc.search.linker import Candidate, Linker, Mode, Pool, evidence

TOP = 5  # candidates that a user sees: none of them right is what the probability is of
DEEP = 50


@dataclass(frozen=True)
class Known:
    """A mention and the ids that are right for it."""

    mention: str
    concepts: frozenset[str]


@dataclass(frozen=True)
class Examples:
    """Mentions as the abstention sees them, each with its concept in the dictionary and once more without it, (2n,)."""

    features: np.ndarray  # (2n, 6)
    none: np.ndarray  # whether no candidate was right
    weights: np.ndarray


def calibrated(linker: Linker, mentions: Sequence[Known], unseen: float) -> Settings:
    """The dictionary's settings with the best share of the vectors and an abstention for every mode.

    Args:
        unseen: the share of mentions in use whose concept is not in the dictionary.

    Raises: MedencError when no mention, or every mention, is linked rightly.
    """
    settings = linker.settings
    pools = {mode: _pools(linker, mentions, mode) for mode in linker.modes}
    if "fused" in pools:
        settings = settings.model_copy(update={"dense": _best_share(linker, mentions, pools["fused"])})
    fitted = {}
    for mode, own in pools.items():
        found = _examples(linker, mentions, own, mode, settings.dense, unseen)
        fitted[mode] = abstention.fit(found.features, found.none, found.weights)
    return settings.model_copy(update={"abstention": fitted})


def examples(linker: Linker, mentions: Sequence[Known], mode: Mode, unseen: float) -> Examples:
    """Mentions as the abstention sees them; `unseen` is what `calibrated` was given."""
    return _examples(linker, mentions, _pools(linker, mentions, mode), mode, linker.settings.dense, unseen)


def _pools(linker: Linker, mentions: Sequence[Known], mode: Mode) -> list[Pool]:
    return list(linker.pools([known.mention for known in mentions], mode))


def _best_share(linker: Linker, mentions: Sequence[Known], pools: Sequence[Pool]) -> float:
    """The share of the dense similarity with the highest mean reciprocal rank; of equal ones the smallest."""

    def value(share: float) -> float:
        found = [linker.candidates(pool, DEEP, "fused", share).candidates for pool in pools]
        return math.fsum(1 / _rank(own, known) for own, known in zip(found, mentions, strict=True))

    return max(SHARES, key=value)


def _examples(
    linker: Linker, mentions: Sequence[Known], pools: Sequence[Pool], mode: Mode, share: float, unseen: float
) -> Examples:
    features: list[list[float]] = []
    none: list[bool] = []
    for known, pool in zip(mentions, pools, strict=True):
        found = linker.candidates(pool, DEEP, mode, share).candidates
        without = [candidate for candidate in found if not concepts(candidate.concept_id) & known.concepts]
        features += [evidence(known.mention, found), evidence(known.mention, without)]
        none += [_rank(found[:TOP], known) == math.inf, True]
    weights = np.tile([1 - unseen, unseen], len(mentions))
    return Examples(np.array(features), np.array(none, dtype=float), weights / weights.mean())


def _rank(found: Sequence[Candidate], known: Known) -> float:
    ranks = (rank for rank, c in enumerate(found, start=1) if concepts(c.concept_id) & known.concepts)
    return next(ranks, math.inf)
