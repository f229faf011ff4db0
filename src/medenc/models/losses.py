"""Losses over vectors. All are computed in float32 or wider, whatever autocast says: their exponents need it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize


def _wide(loss: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Run `loss` outside autocast, with half-precision arguments widened to float32."""

    @wraps(loss)
    def in_float32(*values: Any, **options: Any) -> Tensor:
        with torch.autocast(values[0].device.type, enabled=False):
            return loss(*(_widened(value) for value in values), **options)

    return in_float32


def _widened(value: Any) -> Any:
    half = isinstance(value, Tensor) and value.dtype in (torch.float16, torch.bfloat16)
    return value.float() if half else value


@_wide
def multi_similarity(
    vectors: Tensor,
    labels: Tensor,
    *,
    texts: Tensor | None = None,
    alpha: float = 1.0,
    beta: float = 60.0,
    base: float = 0.5,
    margin: float | None = 0.2,
) -> Tensor:
    """Multi-similarity loss over all vectors as anchors, on the pairs that take part in a mined triplet.

    A triplet (anchor, positive, negative) is kept when the negative is not further than `margin` beyond the
    positive, in Euclidean distance between normalised vectors; the loss itself is on cosines. Anchors without a
    pair left count as 0 and stay in the mean.

    Args:
        vectors: (n, dimension).
        labels: (n,), equal for texts of one concept.
        texts: (n,), equal for equal texts; a name that two concepts share is no negative of itself.
        alpha: sharpness of positives.
        beta: sharpness of negatives.
        base: the cosine around which both are weighed.
        margin: of the miner; None keeps every pair.

    Source: Wang et al., CVPR 2019, eq. 10, without its own miner; Liu et al. (SapBERT), NAACL 2021, eq. 1-3.
    """
    units = normalize(vectors, dim=-1)
    cosines = units @ units.T  # (n, n)
    same = labels.unsqueeze(0) == labels.unsqueeze(1)
    positives = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    negatives = ~same if texts is None else ~same & (texts.unsqueeze(0) != texts.unsqueeze(1))
    if margin is not None:
        positives, negatives = _mined(cosines.detach(), positives, negatives, margin)
    return (
        _soft_sum(-alpha * (cosines - base), positives) / alpha + _soft_sum(beta * (cosines - base), negatives) / beta
    ).mean()


@_wide
def multi_similarity_rows(
    left: Tensor,
    right: Tensor,
    labels: Tensor,
    *,
    alpha: float = 1.0,
    beta: float = 60.0,
    base: float = 0.8,
    temperature: float = 0.5,
) -> Tensor:
    """The loss that SapBERT-KO-EN was published with: left names are anchors, right names their candidates.

    Differs from `multi_similarity`: an n x n matrix whose diagonal is a positive, cosines divided by
    `temperature` before `base` is taken off, no miner, and 1e-8 inside the logarithm.

    Args:
        left: (n, dimension).
        right: (n, dimension).
        labels: (n,).
        alpha: sharpness of positives.
        beta: sharpness of negatives.
        base: threshold on the scaled cosine.
        temperature: divides the cosines.

    Source: the training code of SapBERT-KO-EN, as its run script calls it.
    """
    scores = normalize(left, dim=-1) @ normalize(right, dim=-1).T / temperature
    same = labels.unsqueeze(1) == labels.unsqueeze(0)
    positive = _soft_sum(-alpha * (scores - base), same, epsilon=1e-8) / alpha
    negative = _soft_sum(beta * (scores - base), ~same, epsilon=1e-8) / beta
    return (positive + negative).mean()


@_wide
def contrastive(
    queries: Tensor,
    passages: Tensor,
    targets: Tensor,
    excluded: Tensor,
    *,
    similarity: str = "cosine",
    scale: float = 1.0,
) -> Tensor:
    """Cross entropy of each query's own passage among all passages of the batch.

    Args:
        queries: (n, dimension).
        passages: (m, dimension).
        targets: (n,), the column of each query's passage.
        excluded: (n, m) of bool, passages that are no negatives of a query though they are not its target.
        similarity: cosine, dot, or l2 (minus the squared distance).
        scale: multiplies the scores; 1 / temperature.

    Source: Karpukhin et al. (DPR), EMNLP 2020, eq. 2, with false negatives left out.
    """
    scores = scale * similarities(queries, passages, similarity)
    own = torch.zeros_like(excluded).scatter_(1, targets.unsqueeze(1), True)
    return cross_entropy(scores.masked_fill(excluded & ~own, -torch.inf), targets)


def similarities(queries: Tensor, passages: Tensor, similarity: str) -> Tensor:
    """Scores (n, m) of queries (n, d) and passages (m, d); higher is nearer."""
    if similarity == "cosine":
        queries, passages = normalize(queries, dim=-1), normalize(passages, dim=-1)
    products = queries @ passages.T
    if similarity == "l2":
        return 2 * products - queries.square().sum(-1, keepdim=True) - passages.square().sum(-1)
    return products


def _mined(cosines: Tensor, positives: Tensor, negatives: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """The pairs of each anchor that occur in a triplet with d(anchor, negative) - d(anchor, positive) <= margin.

    A positive occurs in one when the anchor's nearest negative is near enough, a negative when the anchor's
    furthest positive is far enough, so no cube of triplets is needed.
    """
    distances = (2 - 2 * cosines).clamp(min=0).sqrt()
    nearest = distances.masked_fill(~negatives, torch.inf).amin(1, keepdim=True)
    furthest = distances.masked_fill(~positives, -torch.inf).amax(1, keepdim=True)
    return positives & (nearest <= distances + margin), negatives & (distances <= furthest + margin)


def _soft_sum(exponents: Tensor, kept: Tensor, epsilon: float = 0.0) -> Tensor:
    """Row-wise ln(1 + epsilon + sum of e^x over the kept entries); 0 with a gradient of 0 where none is kept."""
    one = exponents.new_full((len(exponents), 1), epsilon).log1p()
    return torch.logsumexp(torch.cat([one, exponents.masked_fill(~kept, -torch.inf)], dim=1), dim=1)
