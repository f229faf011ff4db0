"""Tokens drawn from a model's own guesses, by random numbers that come from outside."""

from __future__ import annotations

import torch
from torch import Tensor

_ROWS = 1024  # drawn at a time, so that the sums over the vocabulary stay small


@torch.no_grad()
def draw(logits: Tensor, lots: Tensor) -> Tensor:
    """k different token ids for each row, (n, k), in the order in which they were drawn.

    The first has the softmax of the logits as its distribution, each further one the same without those before: what
    Gumbel noise and the k largest give. One random number a token instead of one for each entry of the vocabulary makes
    the draw a function of (seed, epoch, row), whatever the device and the number of processes.

    Args:
        logits: (n, vocabulary); minus infinity for what must not be drawn.
        lots: (n, k) random numbers from 0 to 1.
    """
    parts = [_draw(*chunk) for chunk in zip(logits.split(_ROWS), lots.split(_ROWS), strict=True)]
    return torch.cat(parts) if parts else lots.new_zeros(lots.shape, dtype=torch.long)


def _draw(logits: Tensor, lots: Tensor) -> Tensor:
    """By the inverse of the distribution function; its sums need more than float32."""
    left, found = logits.float(), []
    for lot in lots.double().unbind(1):
        below = left.softmax(-1).cumsum(-1, dtype=torch.float64)
        place = torch.searchsorted(below, (lot * below[:, -1]).unsqueeze(1), right=True)
        found.append(place.clamp(max=logits.shape[1] - 1))
        left = left.scatter(1, found[-1], -torch.inf)
    return torch.cat(found, dim=1)
