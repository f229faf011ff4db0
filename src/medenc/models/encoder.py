"""Text encoders: a transformer backbone, pooling and normalisation, one tower or two."""

from __future__ import annotations

import copy
import functools
import inspect
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers import AutoConfig, AutoModel, BertConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from medenc.core.errors import MedencError
from medenc.core.options import Options
from medenc.models.parallel import gathered, share
from medenc.models.pooling import Pooling, pool
from medenc.models.quiet import quiet
from medenc.models.weights import check_weights
from medenc.text.tokens import BATCH_TOKENS, batches

Size = Literal["tiny", "mini", "small", "base", "large"]
SIZES: dict[str, tuple[int, int, int]] = {  # layers, hidden size, heads
    "tiny": (2, 128, 2),  # learns the bundled sample on two cores in a minute
    "mini": (4, 256, 4),  # the shape of CoROM-tiny
    "small": (6, 384, 6),
    "base": (12, 768, 12),
    "large": (24, 1024, 16),
}
FROM_PADDING = ("roberta", "xlm-roberta", "camembert")  # their positions are counted from the padding's number
Similarity = Literal["cosine", "dot", "l2"]


class Contract(Options):
    """What a model folder promises about its vectors; no flag elsewhere can contradict it."""

    pooling: Pooling = "cls"
    normalize: bool = True
    similarity: Similarity = "cosine"
    max_tokens: int = 256
    prompts: dict[str, str] = {"query": "", "passage": ""}
    languages: list[str] = ["ko", "zh", "en"]


class Encoder(nn.Module):
    """A backbone whose tokens are pooled into one vector; the same tower serves queries and passages."""

    def __init__(self, backbone: PreTrainedModel, contract: Contract) -> None:
        super().__init__()
        self.backbone, self.contract = backbone, contract

    @property
    def query(self) -> Encoder:
        """The tower for queries."""
        return self

    @property
    def passage(self) -> Encoder:
        """The tower for passages."""
        return self

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return int(self.backbone.config.hidden_size)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None) -> Tensor:
        """Vectors (batch, dimension) of token ids (batch, tokens)."""
        output = self.read(input_ids, attention_mask, token_type_ids)
        vectors = pool(output, attention_mask, self.contract.pooling)
        return nn.functional.normalize(vectors.float(), dim=-1) if self.contract.normalize else vectors

    @property
    def segments(self) -> int:
        """How many kinds of tokens the backbone tells apart; RoBERTa has one, and fails on a second."""
        return int(getattr(self.backbone.config, "type_vocab_size", 0))

    def read(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None, *, layers: bool = False
    ) -> BaseModelOutput:
        """The output with token vectors (batch, tokens, hidden) in it; with `layers` those of every layer, too."""
        types = {"token_type_ids": token_type_ids} if token_type_ids is not None and self.segments > 1 else {}
        return self.backbone(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=layers, **types)


class Towers(nn.Module):
    """Two encoders of their own for queries and passages."""

    def __init__(self, query: Encoder, passage: Encoder) -> None:
        super().__init__()
        if query.dimension != passage.dimension:
            raise MedencError(
                f"the towers' vectors differ: {query.dimension} numbers for queries, {passage.dimension} for passages"
            )
        self.query, self.passage = query, passage
        self.contract = query.contract

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return self.query.dimension


Model = Encoder | Towers


def encode_batch(tower: Encoder, input_ids: Tensor, attention_mask: Tensor, chunk_rows: int | None = None) -> Tensor:
    """Vectors (rows, dimension) of a whole batch, each process encoding its share.

    With `chunk_rows` the activations of that many rows at a time are kept and the rest is computed again in the
    backward pass: the loss and the gradients of the full batch, in the memory of one chunk.
    Source: Gao et al. (gradient cache), RepL4NLP 2021; by recomputation instead of two passes over the loss.
    """
    rows = share(len(input_ids))
    ids, mask = input_ids[rows], attention_mask[rows]
    parts = _parts(mask, chunk_rows)
    encode = tower if chunk_rows is None else functools.partial(checkpoint, tower, use_reentrant=False)
    vectors = torch.cat([encode(*_trimmed(ids[part], mask[part])) for part in parts])
    return gathered(torch.empty_like(vectors).index_copy(0, torch.cat(parts), vectors), len(input_ids))


def _parts(mask: Tensor, chunk_rows: int | None) -> list[Tensor]:
    """Row numbers in parts of `chunk_rows` at most, longest rows first; on a processor also of few tokens.

    A processor gains from every token of padding that is not there and from parts that its caches hold; an accelerator
    wants the whole batch at once.
    """
    lengths = mask.sum(1)
    if mask.device.type == "cpu":
        parts = [torch.from_numpy(rows) for rows in batches(lengths.tolist(), BATCH_TOKENS)]
    else:
        parts = [lengths.argsort(descending=True, stable=True)]
    return [part for rows in parts for part in rows.split(chunk_rows or len(mask))]


def _trimmed(ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Without the columns that are padding in every row."""
    longest = int(mask.sum(1).max())
    return ids[:, :longest], mask[:, :longest]


def from_size(size: Size, vocab_size: int, contract: Contract, dropout: float = 0.0) -> Encoder:
    """A BERT of a named size with BERT's random initialisation, drawn from torch's generator."""
    layers, hidden, heads = SIZES[size]
    config = BertConfig(
        vocab_size=vocab_size,
        num_hidden_layers=layers,
        hidden_size=hidden,
        num_attention_heads=heads,
        intermediate_size=4 * hidden,
        pad_token_id=0,
        **_dropout(dropout),
    )
    _check_length(config, contract)
    return Encoder(AutoModel.from_config(config, **_pooler(config, contract)), contract)


def from_checkpoint(folder: Path, contract: Contract, dropout: float | None = None) -> Encoder:
    """The backbone of a local checkpoint folder (BERT, RoBERTa, ELECTRA, ALBERT, …), whatever its head was.

    Args:
        folder: `config.json` and safetensors weights.
        contract: how its tokens become vectors.
        dropout: replaces the checkpoint's own probability when given.

    Raises: MedencError when the weights are missing, pickled or do not cover the backbone.
    """
    check_weights(folder)
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    _check_length(config, contract)
    if dropout is not None:
        config.update(_dropout(dropout))
    with quiet():
        backbone, report = AutoModel.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            dtype=torch.float32,
            **_pooler(config, contract),
        )
    missing = sorted(key for key in report["missing_keys"] if "position_ids" not in key)
    if missing:
        hint = "its pooler was never saved: choose another pooling" if "pooler" in missing[0] else None
        raise MedencError(f"{len(missing)} weights are missing, such as {missing[0]}", where=folder, hint=hint)
    return Encoder(backbone, contract)


def separate(encoder: Encoder) -> Towers:
    """Two towers that start as copies of one encoder."""
    return Towers(encoder, copy.deepcopy(encoder))


def _dropout(probability: float) -> dict[str, Any]:
    return {"hidden_dropout_prob": probability, "attention_probs_dropout_prob": probability}


def _pooler(config: Any, contract: Contract) -> dict[str, bool]:
    """Build the backbone's pooler only where it is used; an unused one would be saved untrained."""
    backbone = AutoModel._model_mapping[type(config)]
    takes_it = "add_pooling_layer" in inspect.signature(backbone).parameters
    if contract.pooling == "pooler" and not takes_it:
        raise MedencError(f"a {config.model_type} backbone has no pooler", where="pooling", hint="use cls or mean")
    return {"add_pooling_layer": contract.pooling == "pooler"} if takes_it else {}


def position_limit(folder: Path) -> int:
    """Tokens that the backbone of a checkpoint folder can read."""
    return _positions(AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False))


def _positions(config: Any) -> int:
    """RoBERTa's positions start after the padding id, so two of its 514 are never a token's."""
    offset = config.pad_token_id + 1 if config.model_type in FROM_PADDING else 0
    return int(config.max_position_embeddings - offset)


def _check_length(config: Any, contract: Contract) -> None:
    limit = _positions(config)
    if contract.max_tokens > limit:
        raise MedencError(f"the backbone reads {limit} tokens, found {contract.max_tokens}", where="max_tokens")
