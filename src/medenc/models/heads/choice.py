"""One score for a question with one of its options; the options of a question compete."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn

from medenc.core.plugins import Plugin
from medenc.models.head import Axes, Encoded, HeadModule

NEVER = -1e4  # a score that no softmax counts


class Choice(Plugin):
    """A linear layer over the pooled vector, whatever the number of options."""

    dropout: float = Field(default=0.1, ge=0, lt=1)

    def build(self, hidden_size: int) -> ChoiceModule:
        """A new module."""
        return ChoiceModule(self, hidden_size)


class ChoiceModule(HeadModule):
    """`logits` (batch,), one for each question with an option."""

    def __init__(self, options: Choice, hidden_size: int) -> None:
        super().__init__()
        self.outputs: dict[str, Axes] = {"logits": ("batch",)}
        self.dropout, self.out = nn.Dropout(options.dropout), nn.Linear(hidden_size, 1)

    def forward(self, encoded: Encoded) -> dict[str, Tensor]:
        """Scores."""
        return {"logits": self.out(self.dropout(encoded.pooled))[:, 0]}

    def losses(self, encoded: Encoded, own: dict[str, Tensor], whole: dict[str, Tensor]) -> dict[str, Tensor]:
        """Cross entropy over the options of each question; `unit` says which of the rows are one question's."""
        logits = self(encoded)["logits"].float()
        rivals = own["unit"][:, None] == own["unit"]
        total = logits.expand(len(logits), -1).masked_fill(~rivals, NEVER).logsumexp(1)
        return {"choice": ((total - logits) * own["right"]).sum() / whole["right"].sum()}
