"""Accuracy of linking, as published and as it should be, and how far the probability of "none of these" can be trusted.

Source: Sung et al. 2020 (BioSyn) and Liu et al. 2021 (SapBERT), whose evaluation `published` follows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_SEVERAL = re.compile(r"[|+]")
BINS = 10


@dataclass(frozen=True, slots=True)
class Gold:
    """A mention, the parts of it that are linked one by one, and the ids that are right for each of them."""

    mention: str
    parts: tuple[str, ...]
    concepts: frozenset[str]


def concepts(concept_id: str) -> frozenset[str]:
    """The ids in `C1|C2` or `C1+C2`."""
    return frozenset(part.strip() for part in _SEVERAL.split(concept_id))


def published(mention: str, concept_id: str) -> Gold:
    """As SapBERT and BioSyn evaluate: `+` and `|` always separate parts, so `K+` is `K` and an empty part."""
    return Gold(mention, tuple(_SEVERAL.split(mention)), concepts(concept_id))


def sound(mention: str, concept_id: str) -> Gold:
    """A mention is divided only where its concept is several, and has no empty part: `K+` is one mention."""
    ids = concepts(concept_id)
    parts = tuple(part.strip() for part in _SEVERAL.split(mention) if part.strip()) if len(ids) > 1 else ()
    return Gold(mention, parts or (mention,), ids)


def rank(gold: Gold, candidates: Sequence[Sequence[frozenset[str]]]) -> float:
    """The first rank within which every part has a right candidate, from 1; infinite when a part has none.

    Args:
        candidates: for each part the ids of its candidates, best first; one right id makes a candidate right.
    """
    return max(_first(ids, gold.concepts) for ids in candidates)


def accuracies(ranks: Sequence[float], at: Sequence[int]) -> dict[str, list[float]]:
    """`Acc@k` of each mention, 1 or 0, for every k in `at`."""
    return {f"Acc@{k}": [float(reached <= k) for reached in ranks] for k in at}


def brier(probabilities: np.ndarray, happened: np.ndarray, weights: np.ndarray) -> float:
    """The mean squared distance of probabilities from what happened, (n,) each; 0 is best."""
    return float(np.average((probabilities - happened) ** 2, weights=weights))


def calibration_error(probabilities: np.ndarray, happened: np.ndarray, weights: np.ndarray, bins: int = BINS) -> float:
    """The mean distance of probability and frequency over `bins` equal stretches of probability; 0 is best.

    Source: Naeini, Cooper and Hauskrecht 2015 (expected calibration error), with weights.
    """
    stretch = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = np.bincount(stretch, weights * (probabilities - happened), bins)
    return float(np.abs(gaps).sum() / weights.sum())


def separation(probabilities: np.ndarray, happened: np.ndarray, weights: np.ndarray) -> float:
    """The share of (happened, not happened) pairs in which the first is more probable, ties half: the ROC area."""
    order = np.argsort(probabilities, kind="stable")
    values, first = np.unique(probabilities[order], return_index=True)
    yes = np.add.reduceat((weights * happened)[order], first)
    no = np.add.reduceat((weights * (1 - happened))[order], first)
    below = np.cumsum(no) - no
    pairs = yes.sum() * no.sum()
    return float((yes * (below + no / 2)).sum() / pairs) if pairs and len(values) else math.nan


def _first(candidates: Sequence[frozenset[str]], right: frozenset[str]) -> float:
    return next((float(place) for place, ids in enumerate(candidates, start=1) if ids & right), math.inf)
