"""One decision a sequence: a class, several classes, or a number."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from medenc.core.plugins import Plugin
from medenc.models.head import Axes, Encoded, HeadModule

ACTIVATIONS = {"tanh": nn.Tanh, "gelu": nn.GELU}


class Sequence(Plugin):
    """A linear layer over the pooled vector, optionally behind a dense one.

    BERT's classifier is the pooler with `dense = ""`; ELECTRA's and ERNIE-Health's is the first token's vector with
    `dense = "gelu"` and `"tanh"`.
    """

    target: Literal["class", "classes", "number"]
    size: int = Field(ge=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    dense: Literal["", "tanh", "gelu"] = ""

    def build(self, hidden_size: int) -> SequenceModule:
        """A new module."""
        return SequenceModule(self, hidden_size)


class SequenceModule(HeadModule):
    """`logits` (batch, size)."""

    def __init__(self, options: Sequence, hidden_size: int) -> None:
        super().__init__()
        self.target = options.target
        self.outputs: dict[str, Axes] = {"logits": ("batch", options.size)}
        self.dropout = nn.Dropout(options.dropout)
        self.dense = (
            nn.Sequential(
                nn.Linear(hidden_size, hidden_size), ACTIVATIONS[options.dense](), nn.Dropout(options.dropout)
            )
            if options.dense
            else nn.Identity()
        )
        self.out = nn.Linear(hidden_size, options.size)

    def forward(self, encoded: Encoded) -> dict[str, Tensor]:
        """Scores of the classes, or the number."""
        return {"logits": self.out(self.dense(self.dropout(encoded.pooled)))}

    def losses(self, encoded: Encoded, own: dict[str, Tensor], whole: dict[str, Tensor]) -> dict[str, Tensor]:
        """Cross entropy, weighted by row; binary cross entropy of each class; or squared error."""
        logits = self(encoded)["logits"].float()
        if self.target == "class":
            each = functional.cross_entropy(logits, own["label"], reduction="none")
        elif self.target == "classes":
            each = functional.binary_cross_entropy_with_logits(logits, own["classes"], reduction="none").mean(1)
        else:
            each = (logits[:, 0] - own["number"]).square()
        weight, total = own["weight"], whole["weight"].sum()
        return {self.target: torch.dot(each, weight) / total}
