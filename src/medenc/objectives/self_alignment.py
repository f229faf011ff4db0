"""Self-alignment: the names of one concept get near vectors, names of different concepts far ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field, PositiveInt, model_validator

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.records import Name
from medenc.text.tokens import pad, tokenize

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import PreTrainedTokenizerFast

    from medenc.models.encoder import Model


@dataclass(frozen=True, slots=True)
class NamePair:
    """Two names of one concept, tokenised; `texts` are equal numbers for equal token sequences."""

    id: str
    label: int
    left: np.ndarray
    right: np.ndarray
    texts: tuple[int, int]

    @property
    def tokens(self) -> int:
        """The longer side: what a row of the padded batch costs."""
        return max(len(self.left), len(self.right))


class SelfAlignment(Plugin):
    """SapBERT's objective on pairs of names.

    `sapbert` mines hard pairs in a 2N x 2N matrix with both sides as anchors, as published; `sound` is the same,
    except that a name which two concepts share is no negative of itself; `ko-en` is the loss that SapBERT-KO-EN was
    published with. Source: Liu et al., NAACL 2021.
    """

    loss: Literal["sound", "sapbert", "ko-en"] = "sound"
    alpha: float = Field(default=1.0, gt=0)
    beta: float = Field(default=60.0, gt=0)
    base: float | None = None  # 0.5, and 0.8 for `ko-en`
    margin: float | None = Field(default=0.2, ge=0)  # of the miner, which `ko-en` has not
    temperature: float = Field(default=0.5, gt=0)  # of `ko-en`
    max_pairs: int = Field(default=50, ge=1)  # per concept
    chunk_rows: PositiveInt | None = None  # names encoded at a time: large batches in little memory
    max_tokens: int | None = Field(default=None, ge=4)  # the model's own by default
    seed: int = 0  # of the choice among more than `max_pairs` pairs

    @model_validator(mode="after")
    def _used(self) -> Self:
        """An option that the loss does not read would change nothing."""
        idle = "margin" if self.loss == "ko-en" else "temperature"
        if idle in self.model_fields_set:
            raise MedencError(f"the loss '{self.loss}' has no {idle}", where=f"objective.{idle}", hint="leave it out")
        return self

    def prepare(
        self, records: Iterable[Name], tokenizer: PreTrainedTokenizerFast, max_tokens: int
    ) -> tuple[list[NamePair], dict[str, Any]]:
        """All pairs of different names of each concept, and what was counted on the way."""
        names = [self._checked(record) for record in records]
        tokens = tokenize(tokenizer.backend_tokenizer, [name.term for name in names], self.max_tokens or max_tokens)
        concepts: dict[str, dict[bytes, np.ndarray]] = {}
        for name, ids in zip(names, tokens.ids, strict=True):
            concepts.setdefault(name.concept_id, {}).setdefault(ids.tobytes(), ids)
        texts: dict[bytes, int] = {}
        rows: list[NamePair] = []
        for label, concept in enumerate(sorted(concepts)):
            for left, right in self._pairs(concept, sorted(concepts[concept])):
                keys = (texts.setdefault(left, len(texts)), texts.setdefault(right, len(texts)))
                own = concepts[concept]
                rows.append(NamePair(concept, label, own[left], own[right], keys))
        single = sum(len(forms) < 2 for forms in concepts.values())
        counts = {"names": len(names), "concepts": len(concepts), "concepts_with_one_name": single}
        return rows, {**counts, "pairs": len(rows), "truncated": tokens.truncated}

    def collate(
        self,
        rows: Sequence[NamePair],
        tokenizer: PreTrainedTokenizerFast,
        rng: np.random.Generator,  # noqa: ARG002 - part of the contract
    ) -> dict[str, np.ndarray]:
        """One padded batch: all left names, then all right names, (2n, tokens)."""
        sides = [row.left for row in rows] + [row.right for row in rows]
        labels = np.array([row.label for row in rows] * 2)
        texts = np.array([row.texts[side] for side in (0, 1) for row in rows])
        return {**pad(sides, tokenizer.pad_token_id), "labels": labels, "texts": texts}

    def heads(self, model: Model) -> nn.Module | None:
        """None: the encoder alone is trained. Raises: MedencError for two towers, which would drift apart."""
        from medenc.models.encoder import Towers

        if isinstance(model, Towers):
            raise MedencError(
                "names are neither queries nor passages, and are aligned in one encoder",
                where="towers",
                hint="align first, then start the two towers from that model",
            )
        return None

    def losses(
        self,
        model: Model,
        heads: nn.Module | None,  # noqa: ARG002 - part of the contract
        batch: dict[str, Tensor],
    ) -> dict[str, Tensor]:
        """This process's part of the multi-similarity loss of the batch."""
        from medenc.models import losses  # torch: only where a model is trained
        from medenc.models.encoder import encode_batch
        from medenc.models.parallel import processes

        vectors = encode_batch(model.passage, batch["input_ids"], batch["attention_mask"], self.chunk_rows)
        sharpness = {"alpha": self.alpha, "beta": self.beta}
        if self.loss == "ko-en":
            base = 0.8 if self.base is None else self.base
            left, right = vectors.chunk(2)
            labels = batch["labels"].chunk(2)[0]
            value = losses.multi_similarity_rows(
                left, right, labels, base=base, temperature=self.temperature, **sharpness
            )
        else:
            base = 0.5 if self.base is None else self.base
            texts = batch["texts"] if self.loss == "sound" else None
            value = losses.multi_similarity(
                vectors, batch["labels"], texts=texts, base=base, margin=self.margin, **sharpness
            )
        return {"multi_similarity": value / processes()}

    def measure(
        self,
        records: Iterable[Name],
        tokenizer: PreTrainedTokenizerFast,
        model: Model,
        heads: nn.Module | None,  # noqa: ARG002 - part of the contract
    ) -> Callable[[], Mapping[str, float]]:
        """Acc@1: how often the nearest other name is one of the same concept, over names that have such another.

        The nearer of two equally near ones is taken to be the wrong one.
        """
        import torch

        from medenc.models.held_out import encoded, nearest_shares

        rows, _ = self.prepare(records, tokenizer, model.contract.max_tokens)
        names = list({(row.label, row.texts[n]): (row.left, row.right)[n] for row in rows for n in (0, 1)}.items())
        labels, texts = (torch.tensor([key[part] for key, _ in names]) for part in (0, 1))

        def scores() -> dict[str, float]:
            vectors = encoded(model.passage, [ids for _, ids in names], tokenizer.pad_token_id)
            return {"Acc@1": nearest_shares(vectors, labels, texts)}

        return scores

    def _pairs(self, concept: str, forms: list[bytes]) -> list[tuple[bytes, bytes]]:
        pairs = list(combinations(forms, 2))
        if len(pairs) <= self.max_pairs:
            return pairs
        return random.Random(f"{self.seed}:{concept}").sample(pairs, self.max_pairs)

    @staticmethod
    def _checked(record: Any) -> Name:
        if not isinstance(record, Name):
            raise MedencError(
                f"expected names of concepts, found a {type(record).__name__}",
                where="objective.self_alignment",
                hint="read the data with a reader of dictionaries",
            )
        return record
