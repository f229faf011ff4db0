"""PaddleNLP's head for CMeIE: starts and ends of entities, and for every predicate pairs of starts."""

from __future__ import annotations

import math

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from medenc.core.plugins import Plugin
from medenc.models.head import Axes, Encoded, HeadModule


class StartPairs(Plugin):
    """One linear layer for starts and ends; two of full width for each predicate's products.

    The second side of a product reads the last layer but one with the first token's vector added. Source: PaddleNLP,
    `ElectraForSPO` (ERNIE-Health). The loss is its sum of binary cross entropies over all cells, here divided by the
    rows of the batch, so that the learning rate does not depend on its size.
    """

    size: int = Field(ge=1)  # predicates
    dropout: float = Field(default=0.1, ge=0, lt=1)

    def build(self, hidden_size: int) -> StartPairsModule:
        """A new module."""
        return StartPairsModule(self, hidden_size)


class StartPairsModule(HeadModule):
    """`bounds` (batch, 2, tokens): start and end; `relations` (batch, size, tokens, tokens): subject and object."""

    needs_layers = True

    def __init__(self, options: StartPairs, hidden_size: int) -> None:
        super().__init__()
        self.size = options.size
        self.outputs: dict[str, Axes] = {
            "bounds": ("batch", 2, "tokens"),
            "relations": ("batch", options.size, "tokens", "tokens"),
        }
        self.dropout, self.bounds = nn.Dropout(options.dropout), nn.Linear(hidden_size, 2)
        self.subject = nn.Linear(hidden_size, hidden_size * options.size)
        self.object = nn.Linear(hidden_size, hidden_size * options.size)

    def forward(self, encoded: Encoded) -> dict[str, Tensor]:
        """Scores of starts, ends and pairs."""
        hidden, below = self.dropout(encoded.hidden), encoded.output.hidden_states[-2]
        subject = self._apart(self.subject(hidden))
        target = self._apart(self.object(below + hidden[:, :1]))
        relations = subject @ target.transpose(-1, -2) / math.sqrt(hidden.shape[-1])
        return {"bounds": self.bounds(hidden).transpose(1, 2), "relations": relations}

    def losses(self, encoded: Encoded, own: dict[str, Tensor], whole: dict[str, Tensor]) -> dict[str, Tensor]:
        """The two sums of binary cross entropies, divided by the rows."""
        found, mask = self(encoded), encoded.attention_mask.bool()
        pairs = (mask[:, :, None] & mask[:, None, :])[:, None]
        flat = own["bounds"] * torch.tensor([1, 1, 0], device=mask.device)  # cells of a matrix with one column
        wanted = _marked(found["bounds"][..., None], flat)[..., 0], _marked(found["relations"], own["relations"])
        losses = [
            functional.binary_cross_entropy_with_logits(scores.float(), target, reduction="none") * allowed
            for scores, target, allowed in zip(found.values(), wanted, (mask[:, None], pairs), strict=True)
        ]
        return {name: loss.sum() / len(whole[name]) for name, loss in zip(found, losses, strict=True)}

    def _apart(self, vectors: Tensor) -> Tensor:
        """(batch, predicates, tokens, hidden) of (batch, tokens, predicates x hidden)."""
        return vectors.unflatten(-1, (self.size, -1)).transpose(1, 2)


def _marked(scores: Tensor, cells: Tensor) -> Tensor:
    """Ones, shaped as `scores`, at the marked cells (batch, k, 3), whose numbers are negative where there is none."""
    target = torch.zeros_like(scores, dtype=torch.float32)
    row, place = (cells[..., 0] >= 0).nonzero(as_tuple=True)
    target[(row, *cells[row, place].unbind(-1))] = 1.0
    return target
