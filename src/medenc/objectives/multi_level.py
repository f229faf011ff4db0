"""Multi-level text discrimination (ERNIE-Health): replaced tokens, the right one among candidates, and sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from pydantic import Field

from medenc.core.plugins import Plugin
from medenc.data.masking import DRAWS, IGNORED, Masking, drawn
from medenc.data.sequences import AnyRow, assemble, sequences

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import PreTrainedTokenizerFast

    from medenc.models.encoder import Model
    from medenc.models.generator import Generator, Guessed
    from medenc.models.held_out import Tally


class MultiLevel(Plugin):
    """ELECTRA's replaced token detection, with two masks of every text whose vectors are each other's positive.

    Source: Wang et al. (eHealth), arXiv 2110.07244; the weights, sizes and the generator are those of the code of 2022.
    We differ where that code is wrong: the exchange between processes has a gradient, padding is told by length, and no
    special token replaces another one.
    """

    masking: Masking = Masking()
    generator_width: float = Field(default=1 / 3, gt=0, le=1)  # relative to the encoder's
    generator_weight: float = Field(default=1, ge=0)
    replaced_weight: float = Field(default=50, ge=0)
    selected_weight: float = Field(default=20, ge=0)
    sequence_weight: float = Field(default=1, ge=0)
    candidates: int = Field(default=5, ge=1)  # wrong ones beside the right one
    sequence_size: int = Field(default=128, ge=1)  # numbers in the vectors that are compared
    temperature: float = Field(default=0.07, gt=0)
    max_tokens: int | None = Field(default=None, ge=4)  # the model's own by default

    def prepare(
        self, records: Iterable[Any], tokenizer: PreTrainedTokenizerFast, max_tokens: int
    ) -> tuple[Sequence[AnyRow], dict[str, Any]]:
        """Rows of texts or of shards, and what was counted on the way."""
        return sequences(records, tokenizer, self.max_tokens or max_tokens, "objective.multi_level")

    def heads(self, model: Model) -> nn.ModuleDict:
        """The generator, and a head for each level."""
        from torch import nn

        from medenc.models.generator import Generator
        from medenc.models.pretraining import ReplacedHead, SelectionHead, SequenceHead, single, word_embeddings

        encoder, hidden = single(model), model.dimension
        vocabulary, width = word_embeddings(encoder).shape
        return nn.ModuleDict(
            {
                "generator": Generator(encoder, self.generator_width),
                "replaced": ReplacedHead(hidden),
                "selected": SelectionHead(hidden, width, vocabulary),
                "sequence": SequenceHead(hidden, self.sequence_size, encoder.backbone.config.hidden_dropout_prob),
            }
        )

    def collate(
        self, rows: Sequence[AnyRow], tokenizer: PreTrainedTokenizerFast, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """Two views of the rows, masked independently: all of the first, then all of the second, (2 rows, tokens).

        `lots` (2 rows, tokens, 1 + candidates) are what the guess and the candidates are drawn by.
        """
        batch = assemble([[row.read()] for row in rows], tokenizer)
        each = DRAWS + 1 + self.candidates
        draws = drawn(rng, [row.number for row in rows], 2 * each, batch.input_ids.shape[1])
        views = np.split(draws, 2)
        masked = [self.masking.hide(batch, view[:DRAWS], tokenizer) for view in views]
        return {
            "input_ids": np.concatenate([view.ids for view in masked]),
            "attention_mask": np.tile(batch.attention_mask, (2, 1)),
            "labels": np.concatenate([view.labels for view in masked]),
            "lots": np.concatenate([view[DRAWS:].transpose(1, 2, 0) for view in views]),
        }

    def losses(self, model: Model, heads: nn.ModuleDict, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """This process's parts of the weighted losses: means over masks, tokens, replaced tokens, and sequences."""
        from medenc.models.discrimination import replaced_tokens, selected_tokens, two_views
        from medenc.models.parallel import gathered, processes, share

        rows = len(batch["labels"]) // 2
        part = {name: array.unflatten(0, (2, rows))[:, share(rows)].flatten(0, 1) for name, array in batch.items()}
        guessed, hidden, scores = self._judged(model, heads, part)
        replaced = replaced_tokens(heads["replaced"](hidden), guessed.replaced, part["attention_mask"].bool())
        wrong = gathered(guessed.replaced.sum(1).unflatten(0, (2, -1)).sum(0), rows).sum()  # in the whole batch
        one, other = (gathered(view, rows) for view in heads["sequence"](hidden[:, 0]).chunk(2))
        return {
            "generator": self.generator_weight * guessed.loss / (batch["labels"] != IGNORED).sum().clamp(min=1),
            "replaced": self.replaced_weight * replaced / batch["attention_mask"].sum(),
            "selected": self.selected_weight * selected_tokens(scores) / wrong.clamp(min=1),
            "sequence": self.sequence_weight * two_views(one, other, self.temperature) / processes(),
        }

    def measure(
        self, records: Iterable[Any], tokenizer: PreTrainedTokenizerFast, model: Model, heads: nn.ModuleDict
    ) -> Callable[[], Mapping[str, float]]:
        """How well tokens of other rows are told apart; sequences are not, as their negatives would be the batch's."""
        from medenc.models.held_out import guessed, measure, told
        from medenc.models.pretraining import single

        rows, _ = self.prepare(records, tokenizer, model.contract.max_tokens)

        def tally(batch: dict[str, Tensor]) -> Tally:
            found, hidden, scores = self._judged(model, heads, batch)
            judged = told("replaced", heads["replaced"](hidden), found.replaced, batch["attention_mask"].bool())
            selected = guessed("selected", scores, scores.new_zeros(len(scores)).long())
            return {**judged, **selected, **guessed("generator", found.logits, found.truth)}

        return lambda: measure(self.collate, tally, rows, tokenizer, single(model))

    @staticmethod
    def _judged(model: Model, heads: nn.ModuleDict, batch: dict[str, Tensor]) -> tuple[Guessed, Tensor, Tensor]:
        """What the generator put in, the encoder's vectors (rows, tokens, hidden) on it, and the scores (replaced, 1 +
        candidates) of what could have stood where a token was replaced."""
        from medenc.models.pretraining import at, single, word_embeddings

        encoder, generator, lots = single(model), cast("Generator", heads["generator"]), batch["lots"]
        embeddings, labels = word_embeddings(encoder), batch["labels"]
        guessed = generator(batch["input_ids"], batch["attention_mask"], labels, lots[:, :, 0], embeddings)
        hidden = encoder.read(guessed.ids, batch["attention_mask"]).last_hidden_state
        candidates = generator.others(guessed, labels, lots[:, :, 1:])
        return guessed, hidden, heads["selected"](at(hidden, guessed.replaced), candidates, embeddings)
