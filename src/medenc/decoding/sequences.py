"""Whole texts and pairs as single features, cut where they are too long, and what that cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from medenc.decoding.pieces import Frame, Pieces, longest_first, pieces


@dataclass(frozen=True, slots=True)
class Whole:
    """A text or a pair as the encoder reads it."""

    input_ids: np.ndarray  # (tokens,) int32
    type_ids: np.ndarray  # (tokens,) int8
    offsets: np.ndarray  # (tokens, 2) int32, each in its own text
    lost: int  # pieces that were cut off


def wholes(tokenizer: Tokenizer, texts: Sequence[str], pairs: Sequence[str] | None, max_tokens: int) -> list[Whole]:
    """Every text, or text and its pair, in at most `max_tokens` tokens; of a pair the longer text is cut first."""
    sides = [pieces(tokenizer, own) for own in ([texts] if pairs is None else [texts, pairs])]
    frame = Frame.of(tokenizer, pair=pairs is not None)
    return [_whole(frame, parts, max_tokens) for parts in zip(*sides, strict=True)]


def _whole(frame: Frame, parts: Sequence[Pieces], max_tokens: int) -> Whole:
    sizes = [len(part) for part in parts]
    kept = longest_first(sizes, max_tokens - frame.size)
    around = frame.around(*(part[:size] for part, size in zip(parts, kept, strict=True)))
    return Whole(*around, lost=sum(sizes) - sum(kept))
