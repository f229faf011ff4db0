"""Replaced token detection (ELECTRA): which tokens are a small generator's guesses."""

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
    from medenc.models.generator import Guessed
    from medenc.models.held_out import Tally


class ReplacedToken(Plugin):
    """The encoder is the discriminator; the generator is thrown away in the end, and lies among the heads.

    All tokens are learned from, not the masked ones alone. Source: Clark et al. (ELECTRA), ICLR 2020.
    """

    masking: Masking = Masking(unit="token", mask_share=1, random_share=0)
    generator_width: float = Field(default=1 / 3, gt=0, le=1)  # relative to the encoder's; the paper: 1/3 and 1/4
    generator_weight: float = Field(default=1, ge=0)
    replaced_weight: float = Field(default=50, ge=0)
    max_tokens: int | None = Field(default=None, ge=4)  # the model's own by default

    def prepare(
        self, records: Iterable[Any], tokenizer: PreTrainedTokenizerFast, max_tokens: int
    ) -> tuple[Sequence[AnyRow], dict[str, Any]]:
        """Rows of texts or of shards, and what was counted on the way."""
        return sequences(records, tokenizer, self.max_tokens or max_tokens, "objective.replaced_token")

    def heads(self, model: Model) -> nn.ModuleDict:
        """The generator, and the discriminator's head."""
        from torch import nn

        from medenc.models.generator import Generator
        from medenc.models.pretraining import ReplacedHead, single

        generator = Generator(single(model), self.generator_width)
        return nn.ModuleDict({"generator": generator, "replaced": ReplacedHead(model.dimension)})

    def collate(
        self, rows: Sequence[AnyRow], tokenizer: PreTrainedTokenizerFast, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """One padded batch with masks in it, `labels`, and the `lots` that guesses are drawn by, all (rows, tokens)."""
        batch = assemble([[row.read()] for row in rows], tokenizer)
        *draws, lots = drawn(rng, [row.number for row in rows], DRAWS + 1, batch.input_ids.shape[1])
        masked = self.masking.hide(batch, np.stack(draws), tokenizer)
        return {"input_ids": masked.ids, "attention_mask": batch.attention_mask, "labels": masked.labels, "lots": lots}

    def losses(self, model: Model, heads: nn.ModuleDict, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """This process's parts of the weighted losses: means over the masks, and over all tokens."""
        from medenc.models.discrimination import replaced_tokens
        from medenc.models.parallel import share

        own = share(len(batch["labels"]))
        part = {name: array[own] for name, array in batch.items()}
        guessed, logits = self._judged(model, heads, part)
        masks = (batch["labels"] != IGNORED).sum().clamp(min=1)
        replaced = replaced_tokens(logits, guessed.replaced, part["attention_mask"].bool())
        return {
            "generator": self.generator_weight * guessed.loss / masks,
            "replaced": self.replaced_weight * replaced / batch["attention_mask"].sum(),
        }

    def measure(
        self, records: Iterable[Any], tokenizer: PreTrainedTokenizerFast, model: Model, heads: nn.ModuleDict
    ) -> Callable[[], Mapping[str, float]]:
        """How well replaced tokens of other rows are told from the rest, and how good the generator's guesses are."""
        from medenc.models.held_out import guessed, measure, told
        from medenc.models.pretraining import single

        rows, _ = self.prepare(records, tokenizer, model.contract.max_tokens)

        def tally(batch: dict[str, Tensor]) -> Tally:
            found, logits = self._judged(model, heads, batch)
            judged = told("replaced", logits, found.replaced, batch["attention_mask"].bool())
            return {**judged, **guessed("generator", found.logits, found.truth)}

        return lambda: measure(self.collate, tally, rows, tokenizer, single(model))

    @staticmethod
    def _judged(model: Model, heads: nn.ModuleDict, batch: dict[str, Tensor]) -> tuple[Guessed, Tensor]:
        """What the generator put in, and the discriminator's logits (rows, tokens) on it."""
        from medenc.models.pretraining import single, word_embeddings

        encoder, names = single(model), ("input_ids", "attention_mask", "labels", "lots")
        guessed = heads["generator"](*(batch[name] for name in names), word_embeddings(encoder))
        hidden = encoder.read(guessed.ids, batch["attention_mask"]).last_hidden_state
        return guessed, heads["replaced"](hidden)
