"""Document links (LinkBERT): masked tokens, and whether the second segment follows, is linked, or is anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from medenc.core.plugins import Plugin
from medenc.data.linked_rows import LinkedRow, LinkedRows, linked_rows
from medenc.data.links import RELATIONS, Sampling
from medenc.data.masking import DRAWS, IGNORED, Masking, drawn, moment
from medenc.data.sequences import assemble

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import PreTrainedTokenizerFast

    from medenc.models.encoder import Model
    from medenc.models.held_out import Tally


class DocumentLink(Plugin):
    """A masked language model on two segments, [CLS] a [SEP] b [SEP], and their relation, three-way.

    The relation is read from the encoder's own pooler when its pooling is `pooler`, else from one among the heads.
    Source: Yasunaga et al. (LinkBERT), ACL 2022, §4; both losses weigh the same there.
    """

    sampling: Sampling = Sampling()
    masking: Masking = Masking()
    relation_weight: float = Field(default=1, ge=0)
    max_tokens: int | None = Field(default=None, ge=8)  # the model's own by default

    def prepare(
        self, records: Iterable[Any], tokenizer: PreTrainedTokenizerFast, max_tokens: int
    ) -> tuple[LinkedRows, dict[str, Any]]:
        """A row for every pair of an epoch, and the shares of the relations."""
        return linked_rows(records, tokenizer, self.max_tokens or max_tokens, self.sampling, "objective.document_link")

    def heads(self, model: Model) -> nn.ModuleDict:
        """The ways from token vectors to the vocabulary and to the relation."""
        from torch import nn

        from medenc.models.pretraining import RelationHead, VocabularyHead, single, word_embeddings

        vocabulary, width = word_embeddings(single(model)).shape
        pooled = model.contract.pooling == "pooler"
        return nn.ModuleDict(
            {
                "vocabulary": VocabularyHead(model.dimension, width, vocabulary),
                "relation": RelationHead(model.dimension, len(RELATIONS), pooled=pooled),
            }
        )

    def collate(
        self, rows: Sequence[LinkedRow], tokenizer: PreTrainedTokenizerFast, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """One padded batch of pairs with masks in them, `labels` (rows, tokens), and `relations` (rows,)."""
        pairs = [row.draw(*moment(rng)) for row in rows]
        batch = assemble([pair[:2] for pair in pairs], tokenizer)
        draws = drawn(rng, [row.number for row in rows], DRAWS, batch.input_ids.shape[1])
        masked = self.masking.hide(batch, draws, tokenizer)
        return {
            "input_ids": masked.ids,
            "attention_mask": batch.attention_mask,
            "token_type_ids": batch.token_type_ids,
            "labels": masked.labels,
            "relations": np.array([relation for _, _, relation in pairs]),
        }

    def losses(self, model: Model, heads: nn.ModuleDict, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """This process's parts of the cross entropies: means over the masks, and over the pairs."""
        from torch.nn.functional import cross_entropy

        from medenc.models.parallel import share

        own = share(len(batch["labels"]))
        part = {name: array[own] for name, array in batch.items()}
        logits, truth, relations = self._guesses(model, heads, part)
        masked = cross_entropy(logits.float(), truth, reduction="sum")
        relation = cross_entropy(relations.float(), part["relations"], reduction="sum")
        return {
            "masked": masked / (batch["labels"] != IGNORED).sum().clamp(min=1),
            "relation": self.relation_weight * relation / len(batch["relations"]),
        }

    def measure(
        self, records: Iterable[Any], tokenizer: PreTrainedTokenizerFast, model: Model, heads: nn.ModuleDict
    ) -> Callable[[], Mapping[str, float]]:
        """How well the relations of other pairs are told, each of them too, and the tokens behind masks guessed."""
        from medenc.models.held_out import guessed, measure, recalled
        from medenc.models.pretraining import single

        rows, _ = self.prepare(records, tokenizer, model.contract.max_tokens)

        def tally(batch: dict[str, Tensor]) -> Tally:
            logits, truth, relations = self._guesses(model, heads, batch)
            told = guessed("relation", relations, batch["relations"])
            return {**told, **recalled(RELATIONS, relations, batch["relations"]), **guessed("masked", logits, truth)}

        return lambda: measure(self.collate, tally, rows, tokenizer, single(model))

    @staticmethod
    def _guesses(model: Model, heads: nn.ModuleDict, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Logits (masks, vocabulary), the true ids (masks,), and logits of the relations (rows, 3)."""
        from medenc.models.pretraining import at, single, word_embeddings

        encoder, chosen = single(model), batch["labels"] != IGNORED
        output = encoder.read(batch["input_ids"], batch["attention_mask"], batch["token_type_ids"])
        logits = heads["vocabulary"](at(output.last_hidden_state, chosen), word_embeddings(encoder))
        return logits, batch["labels"][chosen], heads["relation"](output)
