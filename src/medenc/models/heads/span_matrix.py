"""Matrices of scores over pairs of tokens: entities by their first and last token, relations by two first, two last."""

from __future__ import annotations

import math
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from medenc.core.options import Options
from medenc.core.plugins import Plugin
from medenc.models.head import Axes, Encoded, HeadModule

RARE = -2.0  # the score at first: most cells are empty, and an untrained head must not mark half of them
NEVER = -1e4  # a score that no sum of exponentials counts, and that float16 still holds


class Matrices(Options):
    """A named stack of matrices; with `forward` the row never comes after the column."""

    name: str
    size: int = Field(ge=1)
    forward: bool = True


class SpanMatrix(Plugin):
    """Efficient GlobalPointer for every stack: one score a pair of tokens, and two a token for each matrix.

    A cell is marked when its score is above 0. Nothing is shared between cells, so entities may nest, overlap and have
    one span, and no set of them is lost. Source: Su et al. 2022, "Global Pointer: Novel Efficient Span-based Approach
    for Named Entity Recognition", eq. 7-10 (scores, rotary positions) and 5 (loss).
    """

    matrices: tuple[Matrices, ...] = Field(min_length=1)
    size: int = Field(default=64, ge=2, multiple_of=2)  # of the vectors whose products are the scores
    dropout: float = Field(default=0.1, ge=0, lt=1)

    def build(self, hidden_size: int) -> SpanMatrixModule:
        """A new module."""
        return SpanMatrixModule(self, hidden_size)


class SpanMatrixModule(HeadModule):
    """For every stack its scores (batch, size, tokens, tokens), by its name."""

    def __init__(self, options: SpanMatrix, hidden_size: int) -> None:
        super().__init__()
        self.outputs: dict[str, Axes] = {m.name: ("batch", m.size, "tokens", "tokens") for m in options.matrices}
        self.forward_only = {m.name: m.forward for m in options.matrices}
        self.dropout = nn.Dropout(options.dropout)
        self.pair = nn.ModuleDict({m.name: nn.Linear(hidden_size, 2 * options.size) for m in options.matrices})
        self.token = nn.ModuleDict({m.name: _rare(2 * options.size, 2 * m.size) for m in options.matrices})

    def forward(self, encoded: Encoded) -> dict[str, Tensor]:
        """Scores, those of padding and below the diagonal of stacks that run forward among them."""
        hidden = self.dropout(encoded.hidden)
        return {name: self._scores(name, hidden) for name in self.outputs}

    def losses(self, encoded: Encoded, own: dict[str, Tensor], whole: dict[str, Tensor]) -> dict[str, Tensor]:
        """For each stack the mean over texts and matrices of the multi-label cross entropy."""
        found, mask = self(encoded), encoded.attention_mask.bool()
        losses = {}
        for name, scores in found.items():
            each = _multi_label(scores.float(), own[name], _cells(mask, forward=self.forward_only[name]))
            losses[name] = each.sum() / (len(whole[name]) * scores.shape[1])
        return losses

    def _scores(self, name: str, hidden: Tensor) -> Tensor:
        both = self.pair[name](hidden)  # (batch, tokens, 2 x size)
        rows, columns = (_rotated(half) for half in both.chunk(2, dim=-1))
        shared = rows @ columns.transpose(1, 2) / math.sqrt(rows.shape[-1])  # (batch, tokens, tokens)
        first, last = (self.token[name](both) / 2).transpose(1, 2).chunk(2, dim=1)  # (batch, matrices, tokens)
        return shared[:, None] + first[..., :, None] + last[..., None, :]


def _cells(mask: Tensor, *, forward: bool) -> Tensor:
    """The cells (batch, 1, tokens, tokens) that may be marked."""
    allowed = mask[:, :, None] & mask[:, None, :]
    return (allowed.triu() if forward else allowed)[:, None]


def _rare(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.constant_(layer.bias, RARE)
    return layer


def _rotated(vectors: Tensor) -> Tensor:
    """Vectors (batch, tokens, size) turned by their position, so that products know the distance.

    Source: Su et al. 2021, RoFormer, eq. 34.
    """
    size = vectors.shape[-1]
    rates = torch.exp(torch.arange(0, size, 2, device=vectors.device) * (-math.log(10_000.0) / size))
    angles = torch.arange(vectors.shape[1], device=vectors.device)[:, None] * rates  # (tokens, size / 2)
    cosine, sine = angles.cos().to(vectors.dtype), angles.sin().to(vectors.dtype)
    even, odd = vectors[..., 0::2], vectors[..., 1::2]
    turned = torch.stack([even * cosine - odd * sine, odd * cosine + even * sine], dim=-1)
    return turned.flatten(-2)


def _multi_label(scores: Tensor, cells: Tensor, allowed: Tensor) -> Tensor:
    """The loss of each matrix (batch, matrices), given the marked cells (batch, k, 3), negative where there is none.

    log(1 + sum of exp(score) over other cells) + log(1 + sum of exp(-score) over marked cells).
    """
    target = torch.zeros_like(scores, dtype=torch.bool)
    row, place = (cells[..., 0] >= 0).nonzero(as_tuple=True)
    target[(row, *cells[row, place].unbind(-1))] = True
    none: Any = scores.new_zeros(*scores.shape[:2], 1)
    others = torch.cat([none, scores.masked_fill(target | ~allowed, NEVER).flatten(2)], dim=-1)
    marked = torch.cat([none, (-scores).masked_fill(~target, NEVER).flatten(2)], dim=-1)
    return others.logsumexp(-1) + marked.logsumexp(-1)
