"""Extractive question answering as Hugging Face has it: the start and the end of an answer, each on its own."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from medenc.core.plugins import Plugin
from medenc.models.head import Axes, Encoded, HeadModule


class StartEnd(Plugin):
    """One linear layer with two scores a token; token 0 stands for "no answer"."""

    dropout: float = Field(default=0.1, ge=0, lt=1)

    def build(self, hidden_size: int) -> StartEndModule:
        """A new module."""
        return StartEndModule(self, hidden_size)


class StartEndModule(HeadModule):
    """`start_logits` and `end_logits` (batch, tokens)."""

    def __init__(self, options: StartEnd, hidden_size: int) -> None:
        super().__init__()
        self.outputs: dict[str, Axes] = {"start_logits": ("batch", "tokens"), "end_logits": ("batch", "tokens")}
        self.dropout, self.out = nn.Dropout(options.dropout), nn.Linear(hidden_size, 2)

    def forward(self, encoded: Encoded) -> dict[str, Tensor]:
        """Scores of every token as start and as end."""
        start, end = self.out(self.dropout(encoded.hidden)).unbind(-1)
        return {"start_logits": start, "end_logits": end}

    def losses(self, encoded: Encoded, own: dict[str, Tensor], whole: dict[str, Tensor]) -> dict[str, Tensor]:
        """The mean of the two cross entropies over the tokens; padding takes part in none."""
        found = self(encoded)
        shut = encoded.attention_mask == 0
        parts = [
            functional.cross_entropy(
                found[f"{side}_logits"].float().masked_fill(shut, -1e4), own[side], reduction="sum"
            )
            for side in ("start", "end")
        ]
        return {"span": (parts[0] + parts[1]) / (2 * len(whole["start"]))}
