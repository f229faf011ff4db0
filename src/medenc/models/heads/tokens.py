"""One decision a token in each of some layers of tags."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from medenc.core.plugins import Plugin
from medenc.models.head import Axes, Encoded, HeadModule

IGNORE = -100


class Tokens(Plugin):
    """A linear layer over the token vectors for every layer of tags."""

    sizes: tuple[int, ...] = Field(min_length=1)  # tags of each layer
    dropout: float = Field(default=0.1, ge=0, lt=1)

    def build(self, hidden_size: int) -> TokensModule:
        """A new module."""
        return TokensModule(self, hidden_size)


class TokensModule(HeadModule):
    """`tags_0`, `tags_1`, … (batch, tokens, size)."""

    def __init__(self, options: Tokens, hidden_size: int) -> None:
        super().__init__()
        self.outputs: dict[str, Axes] = {
            f"tags_{layer}": ("batch", "tokens", size) for layer, size in enumerate(options.sizes)
        }
        self.dropout = nn.Dropout(options.dropout)
        self.layers = nn.ModuleList(nn.Linear(hidden_size, size) for size in options.sizes)

    def forward(self, encoded: Encoded) -> dict[str, Tensor]:
        """Scores of the tags."""
        hidden = self.dropout(encoded.hidden)
        return {name: layer(hidden) for name, layer in zip(self.outputs, self.layers, strict=True)}

    def losses(self, encoded: Encoded, own: dict[str, Tensor], whole: dict[str, Tensor]) -> dict[str, Tensor]:
        """Cross entropy over the tokens that carry a tag, for every layer."""
        found = self(encoded)
        return {name: _cross_entropy(logits, own[name], whole[name]) for name, logits in found.items()}


def _cross_entropy(logits: Tensor, own: Tensor, whole: Tensor) -> Tensor:
    total = functional.cross_entropy(logits.flatten(0, 1).float(), own.flatten(), ignore_index=IGNORE, reduction="sum")
    return total / (whole != IGNORE).sum().clamp(min=1)
