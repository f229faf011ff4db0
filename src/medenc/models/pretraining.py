"""Heads that an encoder is pre-trained with, and the token vectors that they read."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, gelu, linear
from transformers.modeling_outputs import BaseModelOutput

from medenc.core.errors import MedencError
from medenc.models.encoder import Encoder, Model

INITIAL_SPREAD = 0.02  # standard deviation of weights, as BERT's


class VocabularyHead(nn.Module):
    """Which token stands here; its last matrix is the word embeddings themselves. Source: Devlin et al., NAACL 2019."""

    def __init__(self, hidden: int, width: int, vocabulary: int) -> None:
        super().__init__()
        self.dense, self.norm = nn.Linear(hidden, width), nn.LayerNorm(width, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        initialise(self)

    def forward(self, hidden: Tensor, embeddings: Tensor) -> Tensor:
        """Logits (n, vocabulary) of vectors (n, hidden), given the word embeddings (vocabulary, embedding)."""
        return linear(self.norm(gelu(self.dense(hidden))), embeddings, self.bias)


class ReplacedHead(nn.Module):
    """Whether a token is somebody else's. Source: Clark et al. (ELECTRA), ICLR 2020."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.dense, self.out = nn.Linear(hidden, hidden), nn.Linear(hidden, 1)
        initialise(self)

    def forward(self, hidden: Tensor) -> Tensor:
        """Logits (…) of vectors (…, hidden)."""
        return self.out(gelu(self.dense(hidden))).squeeze(-1)


class SelectionHead(nn.Module):
    """Which of some candidates stands here, by their word embeddings. Source: Wang et al. (eHealth), 2021, §3.2."""

    def __init__(self, hidden: int, width: int, vocabulary: int) -> None:
        super().__init__()
        self.dense, self.bias = nn.Linear(hidden, width), nn.Parameter(torch.empty(vocabulary))
        initialise(self)
        nn.init.normal_(self.bias, std=INITIAL_SPREAD)

    def forward(self, hidden: Tensor, candidates: Tensor, embeddings: Tensor) -> Tensor:
        """Scores (n, k) of candidate ids (n, k) for vectors (n, hidden)."""
        asked = gelu(self.dense(hidden)).unsqueeze(-1)  # (n, embedding, 1)
        return (embedding(candidates, embeddings) @ asked).squeeze(-1) + self.bias[candidates]


class SequenceHead(nn.Module):
    """A vector of the whole sequence, to compare it with others. Source: Wang et al. (eHealth), 2021, §3.2."""

    def __init__(self, hidden: int, size: int, dropout: float) -> None:
        super().__init__()
        self.dense, self.out, self.dropout = nn.Linear(hidden, hidden), nn.Linear(hidden, size), nn.Dropout(dropout)
        initialise(self)

    def forward(self, first: Tensor) -> Tensor:
        """Vectors (rows, size) of the first tokens' (rows, hidden)."""
        return self.out(self.dropout(gelu(self.dense(self.dropout(first)))))


class RelationHead(nn.Module):
    """How the second stretch of a row belongs to the first; with `pooled`, behind the encoder's own pooler."""

    def __init__(self, hidden: int, relations: int, *, pooled: bool) -> None:
        super().__init__()
        self.dense = None if pooled else nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, relations)
        initialise(self)

    def forward(self, output: BaseModelOutput) -> Tensor:
        """Logits (rows, relations)."""
        if self.dense is None:
            return self.out(output.pooler_output)
        return self.out(self.dense(output.last_hidden_state[:, 0]).tanh())


def piece_biases(heads: nn.Module) -> set[str]:
    """The names of the weights that have a number for every piece of the vocabulary."""
    owners = (path for path, part in heads.named_modules() if isinstance(part, VocabularyHead | SelectionHead))
    return {f"{path}.bias".lstrip(".") for path in owners}


def initialise(module: nn.Module) -> None:
    """BERT's start: weights normal with a deviation of 0.02, biases 0, normalisations the identity."""
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Embedding):
            nn.init.normal_(part.weight, std=INITIAL_SPREAD)
        if isinstance(part, nn.Linear):
            nn.init.zeros_(part.bias)


def single(model: Model) -> Encoder:
    """The one encoder. Raises: MedencError for two towers."""
    if not isinstance(model, Encoder):
        raise MedencError("pre-training is of one encoder", where="towers", hint="set towers = false")
    return model


def word_embeddings(encoder: Encoder) -> Tensor:
    """(vocabulary, embedding): trained as input and as output."""
    weight: Tensor = encoder.backbone.get_input_embeddings().weight
    return weight


def at(hidden: Tensor, chosen: Tensor) -> Tensor:
    """The vectors (n, hidden) of the tokens that are `chosen` (rows, tokens)."""
    return hidden.flatten(0, 1).index_select(0, chosen.flatten().nonzero().squeeze(1))
