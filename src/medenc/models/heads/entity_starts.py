"""One decision about two entities, from the tokens that open them."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from medenc.core.plugins import Plugin
from medenc.models.head import Axes, Encoded, HeadModule


class EntityStarts(Plugin):
    """A linear layer over the vectors of two marker tokens, behind each other.

    Source: Baldini Soares et al., Matching the blanks, ACL 2019 (entity markers, entity start).
    """

    size: int = Field(ge=1)
    added: int = Field(default=4, ge=1)  # tokens that the task adds
    openings: tuple[int, int] = (0, 2)  # which of them open the two entities
    dropout: float = Field(default=0.1, ge=0, lt=1)

    def build(self, hidden_size: int) -> EntityStartsModule:
        """A new module."""
        return EntityStartsModule(self, hidden_size)


class EntityStartsModule(HeadModule):
    """`logits` (batch, size)."""

    added: Tensor

    def __init__(self, options: EntityStarts, hidden_size: int) -> None:
        super().__init__()
        self.outputs: dict[str, Axes] = {"logits": ("batch", options.size)}
        self.openings = options.openings
        self.register_buffer("added", torch.zeros(options.added, dtype=torch.int64))
        self.dropout, self.out = nn.Dropout(options.dropout), nn.Linear(2 * hidden_size, options.size)

    def forward(self, encoded: Encoded) -> dict[str, Tensor]:
        """Scores of the classes."""
        starts = [self._vector(encoded, opening) for opening in self.openings]
        return {"logits": self.out(self.dropout(torch.cat(starts, dim=-1)))}

    def losses(self, encoded: Encoded, own: dict[str, Tensor], whole: dict[str, Tensor]) -> dict[str, Tensor]:
        """Cross entropy, weighted by row."""
        each = functional.cross_entropy(self(encoded)["logits"].float(), own["label"], reduction="none")
        return {"class": torch.dot(each, own["weight"]) / whole["weight"].sum()}

    def _vector(self, encoded: Encoded, opening: int) -> Tensor:
        """(batch, hidden) of the marker in each sequence."""
        place = (encoded.input_ids == self.added[opening]).int().argmax(dim=1)
        where = place[:, None, None].expand(-1, 1, encoded.hidden.shape[-1])
        return encoded.hidden.gather(1, where)[:, 0]
