"""Tokens drawn from a model's own guesses, by random numbers that come from outside."""

from __future__ import annotations

import torch
from torch import Tensor

_ROWS = 1024  # drawn at a time, so that the sums over the vocabulary stay small
LEAST_LEFT = 1e-4  # of the probability, which sums over float32 still tell apart


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
    """By the inverse of one distribution function for all k, stepping over what was drawn before.

    Where what is left, or what was drawn, is too little for the sums' last digits, each token gets a sum of its own.
    """
    below = logits.float().softmax(-1).cumsum(-1, dtype=torch.float64)
    left = least = below[:, -1]
    drawn, begins, ends = lots[:, :0].long(), below[:, :0], below[:, :0]
    for lot in lots.double().unbind(1):
        least = torch.minimum(least, left)
        place = _place(below, _past(lot * left, begins, ends))
        end = below.gather(1, place)
        begin = torch.where(place > 0, below.gather(1, (place - 1).clamp(min=0)), 0)
        drawn, ends = torch.cat([drawn, place], 1), torch.cat([ends, end], 1)
        begins, order = torch.cat([begins, begin], 1).sort(1)
        ends = ends.gather(1, order)
        left = left - (end - begin)[:, 0]
    doubtful = (least < LEAST_LEFT) | (ends <= begins).any(1) | (drawn.sort(1).values.diff(dim=1) == 0).any(1)
    drawn[doubtful] = _drawn_one_by_one(logits[doubtful], lots[doubtful])
    return drawn


def _past(point: Tensor, begins: Tensor, ends: Tensor) -> Tensor:
    """Where points (n,) of what is left lie on the whole; what was drawn is (n, j), in the order of the vocabulary."""
    for begin, end in zip(begins.unbind(1), ends.unbind(1), strict=True):
        point = torch.where(point >= begin, torch.maximum(point + (end - begin), end), point)
    return point


def _drawn_one_by_one(logits: Tensor, lots: Tensor) -> Tensor:
    """With a distribution function for each token; the sums need more than float32."""
    left, drawn = logits.float(), lots[:, :0].long()
    for lot in lots.double().unbind(1):
        below = left.softmax(-1).cumsum(-1, dtype=torch.float64)
        place = _place(below, lot * below[:, -1])
        drawn, left = torch.cat([drawn, place], 1), left.scatter(1, place, -torch.inf)
    return drawn


def _place(below: Tensor, point: Tensor) -> Tensor:
    """The numbers (n, 1) of the tokens at points (n,)."""
    return torch.searchsorted(below, point.unsqueeze(1), right=True).clamp(max=below.shape[1] - 1)
