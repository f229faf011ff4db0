"""Fusion: one order out of lexical and dense scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from medenc.core.options import Options
from medenc.data.records import Qrels


@dataclass(frozen=True)
class Scores:
    """Scores of all documents (n,) by each search that was asked; a lexical 0 is no term in common.

    `attainable` is what all terms of the query together could add to a lexical score.
    """

    lexical: np.ndarray | None
    dense: np.ndarray | None
    attainable: float = 1.0

    def at(self, rows: np.ndarray) -> Scores:
        """The scores of some documents."""
        lexical, dense = (None if part is None else part[rows] for part in (self.lexical, self.dense))
        return Scores(lexical, dense, self.attainable)


class Fusion(Options):
    """How two scores become one; `dense` is the share of the dense score, and 0 leaves the lexical order as it is.

    `weighted` adds the share of the query's words that a document has, by their weights, to its dense score brought to
    0..1: where few words of the query are anywhere, as across languages, meaning decides. `rrf` adds reciprocal ranks
    1 / (k + rank).

    The default share is small on purpose: a weak model then costs next to nothing and still decides where no word is in
    common; `tune` finds a good model's share (docs/results.md has both).

    Source: Bruch, Gai and Ingber 2023 (convex combination); Cormack, Clarke and Buettcher 2009 (reciprocal ranks).
    """

    method: Literal["weighted", "rrf"] = "weighted"
    dense: Annotated[float, Field(ge=0, le=1)] = 0.1
    depth: Annotated[int, Field(ge=1)] = 1000  # hits of each search that count for `rrf`
    k: Annotated[int, Field(ge=1)] = 60


SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def best(scores: np.ndarray, top: int) -> np.ndarray:
    """Places of the `top` highest scores (n,), best first; equal scores by place, that is by id."""
    candidates = np.arange(len(scores))
    if top < len(scores):
        candidates = np.flatnonzero(scores >= np.partition(scores, -top)[-top])
    return candidates[np.argsort(-scores[candidates], kind="stable")][:top]


def fused(scores: Scores, settings: Fusion) -> np.ndarray:
    """One score (n,) for each document."""
    if scores.lexical is None or scores.dense is None:
        only = scores.dense if scores.lexical is None else scores.lexical
        assert only is not None  # every mode asks one of them
        return only
    if settings.method == "rrf":
        words = _ranked(scores.lexical, np.flatnonzero(scores.lexical), settings)
        meaning = _ranked(scores.dense, np.arange(len(scores.dense)), settings)
    else:
        words = scores.lexical / (scores.attainable or 1.0)
        meaning = _scaled(scores.dense)
    return (1 - settings.dense) * words + settings.dense * meaning


def _scaled(scores: np.ndarray) -> np.ndarray:
    """Scores between the lowest (0) and the highest (1) of all documents.

    Of all, and not of those at the top: their range shrinks as a collection grows, which would blow chance up.
    """
    low, high = scores.min(initial=np.inf), scores.max(initial=-np.inf)
    return (scores - low) / (high - low) if high > low else np.zeros(len(scores))


def _ranked(scores: np.ndarray, found: np.ndarray, settings: Fusion) -> np.ndarray:
    rows = found[best(scores[found], settings.depth)]
    ranked = np.zeros(len(scores))
    ranked[rows] = 1 / (settings.k + 1 + np.arange(len(rows)))
    return ranked


def tune(
    queries: Iterable[tuple[str, Scores]], ids: Sequence[str], qrels: Qrels, start: Fusion, measure: str = "nDCG@10"
) -> Fusion:
    """The share of the dense score that is best on judged queries.

    The smallest share whose mean is within two standard errors of the best one's is taken: a dense model has to earn
    its share, and a chance gain on few queries earns none.

    Args:
        queries: ids of judged queries with both scores of all documents.
        ids: of the documents.
        qrels: the judgements.
        start: what else the fusion is.
        measure: what to make highest.
    """
    from medenc.metrics import ranking

    top = ranking.cutoff(measure) or len(ids)
    runs: dict[float, dict[str, list[tuple[str, float]]]] = {share: {} for share in SHARES}
    for id_, scores in queries:
        for share, run in runs.items():
            total = fused(scores, start.model_copy(update={"dense": share}))
            run[id_] = [(ids[row], float(total[row])) for row in best(total, top) if total[row] > 0]
    values = {share: _values(ranking.measure(qrels, run, [measure])) for share, run in runs.items()}
    highest = max(values.values(), key=np.mean)
    share = next(share for share, own in values.items() if not _worse(own, highest))
    return start.model_copy(update={"dense": share})


def _values(measured: Mapping[str, Mapping[str, float]]) -> np.ndarray:
    (by_query,) = measured.values()
    return np.array([by_query[id_] for id_ in sorted(by_query)])


def _worse(values: np.ndarray, highest: np.ndarray) -> bool:
    """Whether the mean is lower by more than two standard errors of the paired difference."""
    difference = highest - values
    return bool(difference.mean() > 2 * difference.std() / np.sqrt(len(difference)))
