"""Masked language model: what stood behind the masks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from medenc.core.plugins import Plugin
from medenc.data.masking import DRAWS, IGNORED, Masking, drawn
from medenc.data.sequences import AnyRow, assemble, sequences

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import PreTrainedTokenizerFast

    from medenc.models.encoder import Model
    from medenc.models.held_out import Tally


class MaskedLM(Plugin):
    """Cross entropy of the tokens behind the masks, which change with every epoch.

    The vocabulary is scored at the masks alone; its matrix is the word embeddings. Source: Devlin et al. (BERT), NAACL
    2019, without next-sentence prediction.
    """

    masking: Masking = Masking()
    max_tokens: int | None = Field(default=None, ge=4)  # the model's own by default

    def prepare(
        self, records: Iterable[Any], tokenizer: PreTrainedTokenizerFast, max_tokens: int
    ) -> tuple[Sequence[AnyRow], dict[str, Any]]:
        """Rows of texts or of shards, and what was counted on the way."""
        return sequences(records, tokenizer, self.max_tokens or max_tokens, "objective.masked_lm")

    def heads(self, model: Model) -> nn.Module:
        """The way from token vectors to the vocabulary."""
        from medenc.models.pretraining import VocabularyHead, single, word_embeddings

        vocabulary, embedding = word_embeddings(single(model)).shape
        return VocabularyHead(model.dimension, embedding, vocabulary)

    def collate(
        self, rows: Sequence[AnyRow], tokenizer: PreTrainedTokenizerFast, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """One padded batch with masks in it, and `labels`, (rows, tokens)."""
        batch = assemble([[row.read()] for row in rows], tokenizer)
        draws = drawn(rng, [row.number for row in rows], DRAWS, batch.input_ids.shape[1])
        masked = self.masking.hide(batch, draws, tokenizer)
        return {"input_ids": masked.ids, "attention_mask": batch.attention_mask, "labels": masked.labels}

    def losses(self, model: Model, heads: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """This process's part of the cross entropy, a mean over the masks of the batch."""
        from torch.nn.functional import cross_entropy

        from medenc.models.parallel import share

        own = share(len(batch["labels"]))
        logits, truth = self._guesses(model, heads, {name: array[own] for name, array in batch.items()})
        count = (batch["labels"] != IGNORED).sum().clamp(min=1)
        return {"masked": cross_entropy(logits.float(), truth, reduction="sum") / count}

    def measure(
        self, records: Iterable[Any], tokenizer: PreTrainedTokenizerFast, model: Model, heads: nn.Module
    ) -> Callable[[], Mapping[str, float]]:
        """Accuracy and cross entropy at the masks of other rows."""
        from medenc.models.held_out import guessed, measure
        from medenc.models.pretraining import single

        rows, _ = self.prepare(records, tokenizer, model.contract.max_tokens)

        def tally(batch: dict[str, Tensor]) -> Tally:
            return guessed("masked", *self._guesses(model, heads, batch))

        return lambda: measure(self.collate, tally, rows, tokenizer, single(model))

    @staticmethod
    def _guesses(model: Model, heads: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Logits (masks, vocabulary) and the true ids (masks,)."""
        from medenc.models.pretraining import at, single, word_embeddings

        encoder, chosen = single(model), batch["labels"] != IGNORED
        hidden = encoder.read(batch["input_ids"], batch["attention_mask"]).last_hidden_state
        return heads(at(hidden, chosen), word_embeddings(encoder)), batch["labels"][chosen]
