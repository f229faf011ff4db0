"""ELECTRA's generator: a small masked language model whose guesses take the place of the tokens."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding
from transformers import ElectraConfig, ElectraModel

from medenc.data.masking import IGNORED
from medenc.models.encoder import Encoder
from medenc.models.pretraining import VocabularyHead, at, word_embeddings
from medenc.models.sampling import draw


@dataclass(frozen=True)
class Guessed:
    """What the generator made of a batch.

    `ids` (rows, tokens) with its guesses in them; `replaced` (rows, tokens) where a guess is wrong; `logits` (masks,
    vocabulary) and `truth` (masks,) at the masks; `loss`, their cross entropy, summed.
    """

    ids: Tensor
    replaced: Tensor
    logits: Tensor
    truth: Tensor
    loss: Tensor


class Generator(nn.Module):
    """Its word embeddings are the encoder's, as input and as output; positions, types and layers are its own.

    Source: Clark et al. (ELECTRA), ICLR 2020, §3.1 to 3.3.
    """

    def __init__(self, encoder: Encoder, width: float) -> None:
        """`width`: attention heads, and with them the hidden size, relative to the encoder's; the depth is its own."""
        super().__init__()
        config = encoder.backbone.config
        vocabulary, size = word_embeddings(encoder).shape
        heads = max(1, round(config.num_attention_heads * width))
        hidden = heads * config.hidden_size // config.num_attention_heads
        self.backbone = ElectraModel(
            ElectraConfig(
                vocab_size=1,  # the encoder's embeddings are passed in
                embedding_size=size,
                hidden_size=hidden,
                num_hidden_layers=config.num_hidden_layers,
                num_attention_heads=heads,
                intermediate_size=4 * hidden,
                max_position_embeddings=config.max_position_embeddings,
                hidden_dropout_prob=config.hidden_dropout_prob,
                attention_probs_dropout_prob=config.attention_probs_dropout_prob,
            )
        )
        del self.backbone.embeddings.word_embeddings
        self.vocabulary = VocabularyHead(hidden, size, vocabulary)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor, lots: Tensor, embeddings: Tensor
    ) -> Guessed:
        """Guess at the masks, and put what is drawn from the guesses there; no gradient flows through the drawing.

        Args:
            input_ids: (rows, tokens) with masks.
            attention_mask: (rows, tokens).
            labels: (rows, tokens), the true ids at the masks, IGNORED elsewhere.
            lots: (rows, tokens) random numbers from 0 to 1.
            embeddings: (vocabulary, embedding), the encoder's.
        """
        chosen = labels != IGNORED
        output = self.backbone(inputs_embeds=embedding(input_ids, embeddings), attention_mask=attention_mask)
        logits, truth = self.vocabulary(at(output.last_hidden_state, chosen), embeddings), labels[chosen]
        ids = input_ids.masked_scatter(chosen, draw(logits, lots[chosen].unsqueeze(1)))
        loss = cross_entropy(logits.float(), truth, reduction="sum")
        return Guessed(ids, chosen & (ids != labels), logits, truth, loss)

    def others(self, guessed: Guessed, labels: Tensor, lots: Tensor) -> Tensor:
        """Candidates (replaced tokens, 1 + k) for each replaced token: the true id, then k wrong ones the generator
        finds likely, without replacement; the one that was put in its place may be among them or not.

        Args:
            guessed: of the batch.
            labels: (rows, tokens).
            lots: (rows, tokens, k) random numbers from 0 to 1.
        """
        wrong = guessed.replaced[labels != IGNORED]
        truth = guessed.truth[wrong].unsqueeze(1)
        logits = guessed.logits.detach()[wrong].scatter(1, truth, -torch.inf)
        return torch.cat([truth, draw(logits, lots[guessed.replaced])], dim=1)
