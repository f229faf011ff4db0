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

    A window with fewer tokens than the beam fills it up with places that no answer has.
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
        starts = self.start(hidden)[..., 0]
        places = self._best(starts.masked_fill(~allowed, NEVER))
        chosen = places.clamp(max=starts.shape[1] - 1)
        vectors = hidden.gather(1, chosen[..., None].expand(-1, -1, hidden.shape[-1]))
        return {
            "start_logits": starts,
            "start_places": places,
            "end_logits": self._ends(hidden, vectors),
            "impossible": self._impossible(hidden, starts, allowed),
        }

    def losses(self, encoded: Encoded, own: dict[str, Tensor], whole: dict[str, Tensor]) -> dict[str, Tensor]:
        """Cross entropies of start and of end given the true start, and the classifier's binary cross entropy."""
        hidden, allowed = self.dropout(encoded.hidden), _allowed(encoded)
        starts = self.start(hidden)[..., 0]
        vectors = hidden[torch.arange(len(hidden), device=hidden.device), own["start"]][:, None]
        ends = self._ends(hidden, vectors)[:, 0]
        spans = [
            functional.cross_entropy(scores.float().masked_fill(~allowed, NEVER), own[side], reduction="sum")
            for side, scores in (("start", starts), ("end", ends))
        ]
        silent = functional.binary_cross_entropy_with_logits(
            self._impossible(hidden, starts, allowed).float(), own["impossible"], reduction="sum"
        )
        rows = len(whole["start"])
        return {"span": (spans[0] + spans[1]) / (2 * rows), "answerable": self.answerable_weight * silent / rows}

    def _best(self, starts: Tensor) -> Tensor:
        """The places (batch, beam) of the best starts, in the order of the text.

        The later of two equal starts counts less, so that every backend fills up a short text's beam alike.
        """
        filled = functional.pad(starts, (0, self.beam), value=NEVER)
        order = torch.arange(filled.shape[1], device=starts.device)
        later = torch.where(filled <= NEVER, order, torch.zeros_like(order))
        return (filled - later).topk(self.beam, dim=1).indices.sort(dim=1).values

    def _ends(self, hidden: Tensor, starts: Tensor) -> Tensor:
        """Scores (batch, starts, tokens) of ends, given the vectors (batch, starts, hidden) of starts."""
        mixed = self.end_token(hidden)[:, None] + self.end_start(starts)[:, :, None]
        return self.end(functional.gelu(mixed))[..., 0]

    def _impossible(self, hidden: Tensor, starts: Tensor, allowed: Tensor) -> Tensor:
        """From the first token's vector and the vector of the expected start."""
        shares = starts.masked_fill(~allowed, NEVER).softmax(-1)
        expected = torch.einsum("bt,bth->bh", shares, hidden)
        return self.answerable(torch.cat([hidden[:, 0], expected], dim=-1))[..., 0]


def _allowed(encoded: Encoded) -> Tensor:
    """Tokens of the context, and the first token: where a span may begin and end."""
    allowed = encoded.attention_mask.bool()
    if encoded.token_type_ids is not None:
        types = encoded.token_type_ids  # from 2 on marks in the context
        told = (types == 1).to(types.dtype).amax(dim=1, keepdim=True)  # RoBERTa's tokenizer gives both texts 0
        allowed = allowed & ((types > 0) | (told == 0))
    first = torch.arange(allowed.shape[1], device=allowed.device) == 0
    return allowed | first
