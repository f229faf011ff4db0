"""What a run starts from: an encoder of a named size, or one that exists."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn
from transformers import PreTrainedTokenizerFast

from medenc.core.artifact import MANIFEST
from medenc.core.errors import MedencError
from medenc.core.files import read_json
from medenc.models.encoder import Contract, Encoder, Model, Size, from_size, separate
from medenc.models.folder import TOKENIZER_FILES, TOWERS, open_model, open_tokenizer, read_heads
from medenc.models.known_heads import fill_known
from medenc.models.pretraining import word_embeddings
from medenc.models.vocabulary import Move, move


class Start(NamedTuple):
    """What a run starts from."""

    model: Model
    tokenizer: PreTrainedTokenizerFast
    change: Move | None  # of the vocabulary


def begin(
    start: Path | Size,
    tokenizer: Path | None,
    shape: Mapping[str, Any],
    *,
    towers: bool,
    dropout: float | None,
    seed: int,
    new_words: bool = False,
) -> Start:
    """The model to train, its tokenizer, and what became of the start's vocabulary.

    Args:
        start: a model or checkpoint folder, or the name of a size.
        tokenizer: a folder with one; the start's own by default.
        shape: fields of the contract that differ from the start's, or from the defaults.
        towers: whether queries and passages get an encoder of their own.
        dropout: the start's own by default, none for a named size.
        seed: of the weights of a named size, and of pieces that the start cannot know.
        new_words: the tokenizer may have another vocabulary than the start, which then moves there.
    """
    fresh = isinstance(start, str)
    if fresh and tokenizer is None:
        raise MedencError("an encoder from nothing needs a tokenizer", where="tokenizer")
    words = open_tokenizer(tokenizer or Path(start))
    change = None if isinstance(start, str) else _change(start, words)
    if change and not new_words:
        raise MedencError(
            "another vocabulary than that of the start",
            where=tokenizer,
            hint=f"give tokenizer={start} or leave it out; with new_words = true the start moves to it",
        )
    torch.manual_seed(seed)
    if isinstance(start, str):
        model: Model = from_size(start, len(words), Contract.parse(shape, "encoder"), dropout or 0.0)
    else:
        model = open_model(start, dropout=dropout, **shape)
        if change:
            for encoder in _towers(model):
                change.embeddings(encoder)
    for encoder in _towers(model):
        _check_size(encoder, words, tokenizer or start)
    return Start(separate(model) if towers and isinstance(model, Encoder) else model, words, change)


def _towers(model: Model) -> list[Encoder]:
    """Its encoders, one where it is both; always in this order, which decides what is drawn for each."""
    return list(dict.fromkeys((model.query, model.passage)))


def begin_heads(heads: nn.Module | None, start: Path | Size, objective: str, change: Move | None) -> str:
    """Fill the heads from the start, if the same objective left some there or another program those that it knows.

    Returns: "loaded", "fresh", or "none"; for some of them "loaded: " and their names.
    """
    if heads is None:
        return "none"
    if isinstance(start, str):
        return "fresh"
    if (start / MANIFEST).is_file():
        made_by = read_json(start / MANIFEST).get("heads")
        return "loaded" if made_by == objective and read_heads(heads, start, change, buffers=False) else "fresh"
    if (start / TOWERS[0]).is_dir():
        return "fresh"
    known = fill_known(heads, start, change)
    return f"loaded: {', '.join(known)}" if known else "fresh"


def _check_size(encoder: Encoder, words: PreTrainedTokenizerFast, where: Path | Size) -> None:
    """Raise when the tokenizer gives numbers for which the encoder has no vector."""
    if (largest := max(words.get_vocab().values())) >= (rows := len(word_embeddings(encoder))):
        raise MedencError(f"token id {largest} is beyond the model's vocabulary of {rows}", where=where)


def _change(start: Path, words: PreTrainedTokenizerFast) -> Move | None:
    """From the vocabulary of the start to another one; None when they are the same, or the start names none."""
    if not any((start / name).is_file() or (start / TOWERS[0] / name).is_file() for name in TOKENIZER_FILES):
        return None
    return move(open_tokenizer(start), words)
