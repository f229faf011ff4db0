"""What a run starts from: an encoder of a named size, or one that exists."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedTokenizerFast

from medenc.core.artifact import MANIFEST
from medenc.core.errors import MedencError
from medenc.core.files import read_json
from medenc.models.encoder import Contract, Encoder, Model, Size, from_size, separate
from medenc.models.folder import TOKENIZER_FILES, open_model, open_tokenizer, read_heads


def begin(
    start: Path | Size,
    tokenizer: Path | None,
    shape: Mapping[str, Any],
    *,
    towers: bool,
    dropout: float | None,
    seed: int,
) -> tuple[Model, PreTrainedTokenizerFast]:
    """The model to train and its tokenizer.

    Args:
        start: a model or checkpoint folder, or the name of a size.
        tokenizer: a folder with one; the start's own by default.
        shape: fields of the contract that differ from the start's, or from the defaults.
        towers: whether queries and passages get an encoder of their own.
        dropout: the start's own by default, none for a named size.
        seed: of the weights of a named size.
    """
    fresh = isinstance(start, str)
    if fresh and tokenizer is None:
        raise MedencError("an encoder from nothing needs a tokenizer", where="tokenizer")
    words = open_tokenizer(tokenizer or Path(start))
    if isinstance(start, Path) and tokenizer is not None:
        _check_same_words(start, tokenizer, words)
    torch.manual_seed(seed)
    if isinstance(start, str):
        model: Model = from_size(start, len(words), Contract.parse(shape, "encoder"), dropout or 0.0)
    else:
        model = open_model(start, dropout=dropout, **shape)
    return (separate(model) if towers and isinstance(model, Encoder) else model), words


def begin_heads(heads: nn.Module | None, start: Path | Size, objective: str) -> str:
    """Fill the heads from the start if the same objective left some there: "loaded", "fresh", or "none"."""
    if heads is None:
        return "none"
    if isinstance(start, str) or not (start / MANIFEST).is_file():
        return "fresh"
    made_by = read_json(start / MANIFEST).get("heads")
    return "loaded" if made_by == objective and read_heads(heads, start) else "fresh"


def _check_same_words(start: Path, tokenizer: Path, words: PreTrainedTokenizerFast) -> None:
    """Raise when the numbers of the tokens are not those that the start was trained with."""
    if any((start / name).is_file() for name in TOKENIZER_FILES) and open_tokenizer(start).vocab != words.vocab:
        raise MedencError(
            "another vocabulary than that of the start",
            where=tokenizer,
            hint=f"give tokenizer={start}, or leave it out",
        )
