"""Contrastive retrieval: a query's own passage scores above every other passage of the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field, PositiveInt

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.records import Pair
from medenc.text.tokens import pad, tokenize

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import PreTrainedTokenizerFast

    from medenc.models.encoder import Model


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tokenised passage and its tags: numbers for its id, its text and its concepts."""

    ids: np.ndarray
    tags: np.ndarray


@dataclass(frozen=True, slots=True)
class Example:
    """A tokenised pair; a passage with a tag among `friends` is no negative of its query."""

    id: str
    query: np.ndarray
    passage: Candidate
    negatives: tuple[Candidate, ...]
    friends: np.ndarray

    @property
    def tokens(self) -> int:
        """The longer side: what a row of the padded batch costs."""
        return max(len(self.query), len(self.passage.ids))


class Contrastive(Plugin):
    """Cross entropy over in-batch and given negatives, false negatives left out.

    Left out are passages with the id, the text or a concept of one of the query's relevant passages, whichever row
    of the data says so. Source: Karpukhin et al. (DPR), EMNLP 2020; `dimensions`: Kusupati et al. (Matryoshka
    representation learning), NeurIPS 2022, all parts weighed alike.
    """

    temperature: float = Field(default=0.05, gt=0)
    negatives: int = Field(
        default=1, ge=0
    )  # given ones a row and step, drawn anew each time; fewer where fewer are given
    symmetric: bool = False  # also passages against queries
    dimensions: tuple[PositiveInt, ...] = ()  # leading parts of the vectors that must do as well (Matryoshka)
    chunk_rows: PositiveInt | None = None  # rows encoded at a time: large batches in little memory
    max_tokens: int | None = Field(default=None, ge=4)  # the model's own by default

    def prepare(
        self, records: Iterable[Pair], tokenizer: PreTrainedTokenizerFast, max_tokens: int
    ) -> tuple[list[Example], dict[str, Any]]:
        """Tokenised rows, and what was counted on the way."""
        pairs = [self._checked(record) for record in records]
        limit, backend = self.max_tokens or max_tokens, tokenizer.backend_tokenizer
        queries = tokenize(backend, [pair.query for pair in pairs], limit)
        distinct = list(dict.fromkeys(passage for pair in pairs for passage in _passages(pair)))
        texts = list(dict.fromkeys(text for _, text in distinct))
        passages = tokenize(backend, texts, limit)
        ids = dict(zip(texts, passages.ids, strict=True))
        tags = _Tags(pairs, distinct)
        # Rows share candidates: with hundreds of negatives a row, there are many times more of them than passages.
        candidates = {(id_, text): Candidate(ids[text], tags.of(id_, text)) for id_, text in distinct}
        rows = [
            Example(
                pair.query_id,
                query,
                candidates[pair.passage_id, pair.passage],
                tuple(candidates[negative] for negative in pair.negatives),
                tags.friends(pair),
            )
            for pair, query in zip(pairs, queries.ids, strict=True)
        ]
        truncated = queries.truncated + passages.truncated
        bare = sum(not row.negatives for row in rows)
        return rows, {"pairs": len(rows), "without_negatives": bare, "passages": len(texts), "truncated": truncated}

    def heads(self, model: Model) -> nn.Module | None:
        """None, once the dimensions are known to be the model's."""
        if wrong := [size for size in self.dimensions if size >= model.dimension]:
            raise MedencError(
                f"{wrong[0]} is no leading part of vectors of {model.dimension} numbers",
                where="objective.dimensions",
            )
        return None

    def collate(
        self, rows: Sequence[Example], tokenizer: PreTrainedTokenizerFast, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """Padded queries (n, tokens) and passages (m, tokens): the rows' own first, in order, then the negatives."""
        candidates = [row.passage for row in rows]
        for row in rows:
            count = min(self.negatives, len(row.negatives))
            drawn = rng.choice(len(row.negatives), count, replace=False) if count else ()
            candidates.extend(row.negatives[place] for place in drawn)
        return {
            **pad([row.query for row in rows], tokenizer.pad_token_id, "query_"),
            **pad([candidate.ids for candidate in candidates], tokenizer.pad_token_id, "passage_"),
            "targets": np.arange(len(rows)),
            "excluded": _excluded(rows, candidates),
        }

    def losses(
        self,
        model: Model,
        heads: nn.Module | None,  # noqa: ARG002 - part of the contract
        batch: dict[str, Tensor],
    ) -> dict[str, Tensor]:
        """This process's part of the cross entropy of the batch; the similarity is the model's own."""
        from medenc.models.encoder import encode_batch  # torch: only where a model is trained
        from medenc.models.parallel import processes

        queries, passages = (
            encode_batch(tower, batch[f"{side}_input_ids"], batch[f"{side}_attention_mask"], self.chunk_rows)
            for side, tower in (("query", model.query), ("passage", model.passage))
        )
        found: dict[str, Tensor] = {}
        for size in (model.dimension, *self.dimensions):
            suffix = "" if size == model.dimension else f"_{size}"
            for name, loss in self._cross_entropies(model, queries[:, :size], passages[:, :size], batch).items():
                found[name + suffix] = loss / (1 + len(self.dimensions)) / processes()
        return found

    def measure(
        self,
        records: Iterable[Pair],
        tokenizer: PreTrainedTokenizerFast,
        model: Model,
        heads: nn.Module | None,  # noqa: ARG002 - part of the contract
    ) -> Callable[[], Mapping[str, float]]:
        """RR@10 and Success@1 of each row's passage among the passages and negatives of all rows.

        Other passages that answer the query are left out. Far fewer passages than a corpus has: good for choosing
        weights, no measure of a search.
        """
        import torch

        from medenc.models.held_out import encoded, ranked
        from medenc.models.losses import similarities

        rows, _ = self.prepare(records, tokenizer, model.contract.max_tokens)
        candidates = list({id(one): one for row in rows for one in (row.passage, *row.negatives)}.values())
        places = {id(candidate): place for place, candidate in enumerate(candidates)}
        own = torch.tensor([places[id(row.passage)] for row in rows])
        excluded = torch.from_numpy(_excluded(rows, candidates))

        def scores() -> dict[str, float]:
            queries = encoded(model.query, [row.query for row in rows], tokenizer.pad_token_id)
            passages = encoded(model.passage, [candidate.ids for candidate in candidates], tokenizer.pad_token_id)
            return ranked(similarities(queries, passages, model.contract.similarity).cpu(), own, excluded)

        return scores

    def _cross_entropies(
        self, model: Model, queries: Tensor, passages: Tensor, batch: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        from medenc.models import losses

        how: dict[str, Any] = {"similarity": model.contract.similarity, "scale": 1 / self.temperature}
        targets, excluded = batch["targets"], batch["excluded"]
        found = {"contrastive": losses.contrastive(queries, passages, targets, excluded, **how)}
        if self.symmetric:
            own = slice(0, len(queries))
            found["reverse"] = losses.contrastive(passages[own], queries, targets, excluded[:, own].T, **how)
        return found

    @staticmethod
    def _checked(record: Any) -> Pair:
        if not isinstance(record, Pair):
            raise MedencError(
                f"expected pairs of query and passage, found a {type(record).__name__}",
                where="objective.contrastive",
                hint="read the data with the reader `pairs`",
            )
        return record


def _passages(pair: Pair) -> list[tuple[str, str]]:
    return [(pair.passage_id, pair.passage), *pair.negatives]


def _excluded(rows: Sequence[Example], candidates: Sequence[Candidate]) -> np.ndarray:
    """(n, m): whether a candidate is no negative of a row's query."""
    tags = np.concatenate([candidate.tags for candidate in candidates])
    owners = np.repeat(np.arange(len(candidates)), [len(candidate.tags) for candidate in candidates])
    excluded = np.zeros((len(rows), len(candidates)), dtype=bool)
    for place, row in enumerate(rows):
        excluded[place, owners[np.isin(tags, row.friends)]] = True
    return excluded


class _Tags:
    """Numbers for what makes two passages the same answer, gathered over all rows."""

    def __init__(self, pairs: Sequence[Pair], passages: Iterable[tuple[str, str]]) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._texts: dict[str, set[str]] = {}
        self._concepts: dict[str, set[str]] = {}
        self._relevant: dict[tuple[str, str], set[str]] = {}
        for id_, text in passages:
            self._texts.setdefault(id_, set()).add(text)
        for pair in pairs:
            self._concepts.setdefault(pair.passage_id, set()).update(pair.concepts)
            for id_ in pair.about.keys() & {negative for negative, _ in pair.negatives}:
                self._concepts.setdefault(id_, set()).update(pair.about[id_])
            for key in self._asked(pair):
                self._relevant.setdefault(key, set()).update({pair.passage_id}, pair.positives)

    def of(self, id_: str, text: str) -> np.ndarray:
        """The tags of one passage."""
        concepts = self._concepts.get(id_, set())
        keys = [("id", id_), ("text", text), *(("concept", concept) for concept in sorted(concepts))]
        return self._numbered(keys)

    def friends(self, pair: Pair) -> np.ndarray:
        """The tags of every passage that answers the pair's query."""
        ids = sorted(set().union(*(self._relevant[key] for key in self._asked(pair))))
        keys = [("concept", concept) for concept in sorted(pair.concepts)]
        for id_ in ids:
            keys.append(("id", id_))
            keys.extend(("text", text) for text in sorted(self._texts.get(id_, set())))
            keys.extend(("concept", concept) for concept in sorted(self._concepts.get(id_, set())))
        return self._numbered(keys)

    def _numbered(self, keys: Iterable[tuple[str, str]]) -> np.ndarray:
        return np.array([self._numbers.setdefault(key, len(self._numbers)) for key in keys], dtype=np.int64)

    @staticmethod
    def _asked(pair: Pair) -> tuple[tuple[str, str], tuple[str, str]]:
        """The same question has the same id or the same words."""
        return ("id", pair.query_id), ("text", pair.query)
