"""Rows that a model reads at a time: as many whole sentences as fit; only one that does not fit alone is cut."""

from __future__ import annotations

import numpy as np

from medenc.data.links import whole_words


def pack(
    marks: np.ndarray, sentences: np.ndarray, documents: np.ndarray, room: int, *, across: bool = False
) -> np.ndarray:
    """(rows, 3) int64: first token, end, document of each row of at most `room` tokens.

    Args:
        marks: (t,) bits of the tokens, see `shards`.
        sentences: (s + 1,) token offsets.
        documents: (d + 1,) sentence offsets.
        room: tokens of a row, special tokens left out.
        across: go on with the next document where one ends; each such place takes one of the tokens, for [SEP].
    """
    starts = sentences[documents]
    bounds = starts[[0, -1]] if across else starts
    rows: list[tuple[int, int]] = []
    cost = sentences + np.searchsorted(starts, sentences) if across else sentences
    for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        while start < end:
            spent = start + (int(np.searchsorted(starts, start, side="right")) if across else 0)
            cut = int(sentences[np.searchsorted(cost, spent + room, side="right") - 1])
            cut = cut if cut > start else _inside(marks, start, end, room)
            cut = min(cut, end)
            rows.append((start, cut))
            start = cut
    spans = np.array(rows, dtype=np.int64).reshape(-1, 2)
    owner = np.searchsorted(starts, spans[:, 0], side="right") - 1
    return np.column_stack([spans, owner])


def _inside(marks: np.ndarray, start: int, end: int, room: int) -> int:
    """Where a sentence that is too long is cut: before the last word that does not fit whole."""
    return start + whole_words(marks[start : min(start + room, end) + 1])
