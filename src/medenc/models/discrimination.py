"""Losses of telling tokens and sequences apart, in float32 or wider. Sums are divided by counts of the whole batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, normalize


def replaced_tokens(logits: Tensor, replaced: Tensor, kept: Tensor) -> Tensor:
    """Sum over the `kept` tokens of the binary cross entropy of "this token was replaced".

    Args:
        logits: (rows, tokens).
        replaced: (rows, tokens) of bool.
        kept: (rows, tokens) of bool; padding is not.

    Source: Clark et al. (ELECTRA), ICLR 2020, §3.2.
    """
    return binary_cross_entropy_with_logits(logits[kept].float(), replaced[kept].float(), reduction="sum")


def selected_tokens(scores: Tensor) -> Tensor:
    """Sum of the cross entropy of the first among the candidates, (n, candidates).

    Source: Wang et al. (eHealth), 2021, §3.2, multi-token selection.
    """
    return cross_entropy(scores.float(), scores.new_zeros(len(scores), dtype=torch.long), reduction="sum")


def two_views(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    """Mean cross entropy of each vector's other view among all other vectors of both views (NT-Xent).

    Args:
        one: (n, dimension).
        other: (n, dimension), row by row the other view of the same text.
        temperature: divides the cosines.

    Source: Chen et al. (SimCLR), ICML 2020, eq. 1.
    """
    vectors = normalize(torch.cat([one, other]).float(), dim=-1)
    count = len(vectors)
    with torch.autocast(vectors.device.type, enabled=False):
        scores = vectors @ vectors.T / temperature
    scores = scores.masked_fill(torch.eye(count, dtype=torch.bool, device=scores.device), -torch.inf)
    return cross_entropy(scores, torch.arange(count, device=scores.device).roll(count // 2))
