"""ELECTRA's own question answering head: the end depends on the start, and "no answer" has a classifier of its own."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from medenc.core.plugins import Plugin
from medenc.models.head import Axes, Encoded, HeadModule

NEVER = -1e4  # a score that no softmax counts, and that float16 still holds


class JointSpan(Plugin):
    """Starts by a linear layer; ends, given a start's vector, by a dense one; a beam of starts when predicting.

    Source: Clark et al. 2020 (ELECTRA), the fine-tuning code's head for SQuAD 2, with which BioM-ELECTRA competed.
    """

    dropout: float = Field(default=0.1, ge=0, lt=1)
    size: int = Field(default=512, ge=1)  # of the two dense layers
    beam: int = Field(default=20, ge=1)
    answerable_weight: float = Field(default=0.5, ge=0)  # of the loss of the classifier

    def build(self, hidden_size: int) -> JointSpanModule:
        """A new module."""
        return JointSpanModule(self, hidden_size)


class JointSpanModule(HeadModule):
    """`start_logits` (batch, tokens); the best starts as `start_places` (batch, beam), each with its `end_logits`
    (batch, beam, tokens); `impossible` (batch,), above 0 where the window holds no answer.

    A window with fewer tokens than the beam has fills it up with places beyond its end.
    """

    def __init__(self, options: JointSpan, hidden_size: int) -> None:
        super().__init__()
        self.beam, self.answerable_weight = options.beam, options.answerable_weight
        self.outputs: dict[str, Axes] = {
            "start_logits": ("batch", "tokens"),
            "start_places": ("batch", options.beam),
            "end_logits": ("batch", options.beam, "tokens"),
            "impossible": ("batch",),
        }
        self.dropout, self.start = nn.Dropout(options.dropout), nn.Linear(hidden_size, 1)
        # one dense layer over [token; start], as two so that a beam does not repeat the tokens' half
        self.end_token = nn.Linear(hidden_size, options.size)
        self.end_start = nn.Linear(hidden_size, options.size, bias=False)
        self.end = nn.Linear(options.size, 1)
        self.answerable = nn.Sequential(nn.Linear(2 * hidden_size, options.size), nn.GELU(), nn.Linear(options.size, 1))

    def forward(self, encoded: Encoded) -> dict[str, Tensor]:
        """Scores of starts, of ends given the best starts, and of "no answer"."""
        hidden, allowed = self.dropout(encoded.hidden), _allowed(encoded)
        starts = self._starts(hidden, allowed)
        places = functional.pad(starts, (0, self.beam), value=2 * NEVER).topk(self.beam, dim=1).indices
        chosen = places.clamp(max=starts.shape[1] - 1)
        vectors = hidden.gather(1, chosen[..., None].expand(-1, -1, hidden.shape[-1]))
        return {
            "start_logits": starts,
            "start_places": places,
            "end_logits": self._ends(hidden, vectors, allowed),
            "impossible": self._impossible(hidden, starts),
        }

    def losses(self, encoded: Encoded, own: dict[str, Tensor], whole: dict[str, Tensor]) -> dict[str, Tensor]:
        """Cross entropies of start and of end given the true start, and the classifier's binary cross entropy."""
        hidden, allowed = self.dropout(encoded.hidden), _allowed(encoded)
        starts = self._starts(hidden, allowed)
        vectors = hidden[torch.arange(len(hidden), device=hidden.device), own["start"]][:, None]
        ends = self._ends(hidden, vectors, allowed)[:, 0]
        spans = functional.cross_entropy(starts.float(), own["start"], reduction="sum")
        spans = spans + functional.cross_entropy(ends.float(), own["end"], reduction="sum")
        silent = functional.binary_cross_entropy_with_logits(
            self._impossible(hidden, starts).float(), own["impossible"], reduction="sum"
        )
        rows = len(whole["start"])
        return {"span": spans / (2 * rows), "answerable": self.answerable_weight * silent / rows}

    def _starts(self, hidden: Tensor, allowed: Tensor) -> Tensor:
        return self.start(hidden)[..., 0].masked_fill(~allowed, NEVER)

    def _ends(self, hidden: Tensor, starts: Tensor, allowed: Tensor) -> Tensor:
        """Scores (batch, starts, tokens) of ends, given the vectors (batch, starts, hidden) of starts."""
        mixed = self.end_token(hidden)[:, None] + self.end_start(starts)[:, :, None]
        return self.end(functional.gelu(mixed))[..., 0].masked_fill(~allowed[:, None], NEVER)

    def _impossible(self, hidden: Tensor, starts: Tensor) -> Tensor:
        """From the first token's vector and the vector of the expected start."""
        expected = torch.einsum("bt,bth->bh", starts.softmax(-1), hidden)
        return self.answerable(torch.cat([hidden[:, 0], expected], dim=-1))[..., 0]


def _allowed(encoded: Encoded) -> Tensor:
    """Tokens of the context, and the first token: where a span may begin and end."""
    allowed = encoded.attention_mask.bool()
    if encoded.token_type_ids is not None:
        types = encoded.token_type_ids
        allowed = allowed & (types == types.amax(dim=1, keepdim=True))
    first = torch.arange(allowed.shape[1], device=allowed.device) == 0
    return allowed | first
