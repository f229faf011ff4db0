"""From token vectors to one vector a text."""

from __future__ import annotations

from typing import Literal, get_args

from torch import Tensor
from transformers.modeling_outputs import BaseModelOutput

Pooling = Literal["cls", "mean", "pooler"]
POOLINGS: tuple[str, ...] = get_args(Pooling)


def pool(output: BaseModelOutput, attention_mask: Tensor, how: Pooling) -> Tensor:
    """One vector a text, (batch, hidden).

    `cls` is the raw last hidden state of the first token, `mean` the mean over the tokens that are not padding,
    `pooler` the backbone's own dense layer and tanh over the first token.
    """
    if how == "pooler":
        return output.pooler_output
    hidden: Tensor = output.last_hidden_state  # (batch, tokens, hidden)
    if how == "cls":
        return hidden[:, 0]
    kept = attention_mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * kept).sum(1) / kept.sum(1).clamp(min=1e-9)
