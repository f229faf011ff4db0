"""Texts and pairs as an encoder reads them: cut where they are too long, or in windows, and what that cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from medenc.decoding.pieces import Frame, Pieces, longest_first, pieces
from medenc.decoding.strides import window_starts


@dataclass(frozen=True, slots=True)
class Whole:
    """A text or a pair as the encoder reads it."""

    input_ids: np.ndarray  # (tokens,) int32
    type_ids: np.ndarray  # (tokens,) int8
    offsets: np.ndarray  # (tokens, 2) int32, each in its own text
    lost: int  # pieces that were cut off
    second: int  # the first token of the second text; what is behind a single one


def wholes(tokenizer: Tokenizer, texts: Sequence[str], pairs: Sequence[str] | None, max_tokens: int) -> list[Whole]:
    """Every text, or text and its pair, in at most `max_tokens` tokens; of a pair the longer text is cut first."""
    frame, sides = _sides(tokenizer, texts, pairs)
    return [_whole(frame, parts, max_tokens) for parts in zip(*sides, strict=True)]


def in_windows(
    tokenizer: Tokenizer, texts: Sequence[str], pairs: Sequence[str] | None, max_tokens: int, overlap: int
) -> list[list[Whole]]:
    """Every text, or text and its pair, in one or more windows of at most `max_tokens` tokens.

    Of a pair that is too long, the longer text is read in windows that overlap by `overlap` tokens (at most half a
    window), and the other one whole beside each; only where the other one fills more than half of a window is it cut,
    and what it lost stands at the first window.
    """
    frame, sides = _sides(tokenizer, texts, pairs)
    return [_windows(frame, parts, max_tokens, overlap) for parts in zip(*sides, strict=True)]


def _sides(tokenizer: Tokenizer, texts: Sequence[str], pairs: Sequence[str] | None) -> tuple[Frame, list[list[Pieces]]]:
    frame = Frame.of(tokenizer, pair=pairs is not None)
    return frame, [pieces(tokenizer, own) for own in ([texts] if pairs is None else [texts, pairs])]


def _windows(frame: Frame, parts: Sequence[Pieces], max_tokens: int, overlap: int) -> list[Whole]:
    sizes, room = [len(part) for part in parts], max_tokens - frame.size
    if sum(sizes) <= room:
        return [_whole(frame, parts, max_tokens)]
    longer = int(np.argmax(sizes))
    beside = [min(size, room // 2) for place, size in enumerate(sizes) if place != longer]
    capacity, lost = room - sum(beside), sum(sizes) - sizes[longer] - sum(beside)

    def window(start: int) -> list[Pieces]:
        part = parts[longer][start : start + capacity]
        return [part if place == longer else own[: beside[0]] for place, own in enumerate(parts)]

    starts = window_starts(sizes[longer], capacity, overlap, "overlap")
    return [_read(frame, window(start), lost=0 if start else lost) for start in starts]


def _whole(frame: Frame, parts: Sequence[Pieces], max_tokens: int) -> Whole:
    sizes = [len(part) for part in parts]
    kept = longest_first(sizes, max_tokens - frame.size)
    return _read(frame, [part[:size] for part, size in zip(parts, kept, strict=True)], lost=sum(sizes) - sum(kept))


def _read(frame: Frame, parts: Sequence[Pieces], lost: int) -> Whole:
    return Whole(*frame.around(*parts), lost, second=len(frame.special[0]) + len(parts[0]) + len(frame.special[1]))
