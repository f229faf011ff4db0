"""One batch on several processes: each encodes its share of the rows, and vectors travel with their gradients.

Every process collates the same whole batch. A loss is a process's *part*: the parts of all processes add up to the
loss of the batch, and so do their gradients. With one process everything here is the identity.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed


def processes() -> int:
    """How many processes work on a batch."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def share(rows: int, rank: int | None = None) -> slice:
    """The rows of a batch of `rows` that are one process's, this one's by default; contiguous, together all of them."""
    count = processes()
    if rank is None:
        rank = distributed.get_rank() if count > 1 else 0
    return slice(rows * rank // count, rows * (rank + 1) // count)


def gathered(own: Tensor, rows: int) -> Tensor:
    """All `rows` vectors (rows, …) of the batch from each process's `own` share, differentiable.

    A loss over them is the whole loss on every process: give `loss / processes()` as this process's part.
    """
    return own if processes() == 1 else _Gathered.apply(own, rows)


class _Gathered(torch.autograd.Function):
    """Forward: everybody's rows. Backward: the sum of everybody's gradients of our rows."""

    @staticmethod
    def forward(context: Any, own: Tensor, rows: int) -> Tensor:
        context.rows = rows
        longest = -(-rows // processes())  # the shares differ by one row at most
        padded = own.new_zeros(longest, *own.shape[1:])
        padded[: len(own)] = own
        parts = [torch.empty_like(padded) for _ in range(processes())]
        distributed.all_gather(parts, padded.contiguous())
        shares = [share(rows, rank) for rank in range(processes())]
        return torch.cat([part[: of.stop - of.start] for part, of in zip(parts, shares, strict=True)])

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        total = gradients[0].contiguous()
        distributed.all_reduce(total)
        return total[share(context.rows)], None
