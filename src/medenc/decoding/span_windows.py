"""Texts in windows whose units may be the ends of spans, and which window decides about a span that several see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer

from medenc.data.examples import Annotated
from medenc.decoding.contract import Feature
from medenc.decoding.entities import Found
from medenc.decoding.pieces import Frame, Pieces
from medenc.decoding.probabilities import sigmoid
from medenc.decoding.units import UnitKind, Units, units, windowed

Cells = np.ndarray
"""Marked cells of a stack of matrices, (k, 3) int64: matrix, row, column; rows and columns are tokens."""
Teach = Callable[["Seen"], dict[str, Cells]]


class Marked(NamedTuple):
    """Cells (k, 3) of units of a window, each matrix, row, column, and their scores (k,)."""

    cells: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True, slots=True)
class Seen:
    """A window of a text: units [first, first + m), of which it decides about [own_first, own_last)."""

    first: int
    own_first: int
    own_last: int
    spans: np.ndarray  # (m, 2) characters of its units
    places: np.ndarray  # (m,) the token where each of them begins

    @property
    def end(self) -> int:
        """The unit behind the last one."""
        return self.first + len(self.spans)

    def units_of(self, start: int, end: int) -> tuple[int, int] | None:
        """First and last unit, counted in the window, of a span of characters; None when they do not fit it."""
        starts, ends = np.flatnonzero(self.spans[:, 0] == start), np.flatnonzero(self.spans[:, 1] == end)
        return (int(starts[0]), int(ends[-1])) if len(starts) and len(ends) else None

    def cell(self, matrix: int, row: int, column: int) -> tuple[int, int, int]:
        """The cell of two units."""
        return matrix, int(self.places[row]), int(self.places[column])


def seen(feature: Feature) -> Seen:
    """The window that a feature is."""
    found: Seen = feature.memory[0]
    return found


def span_windows(
    rows: Sequence[Annotated], tokenizer: Tokenizer, unit: UnitKind, max_tokens: int, teach: Sequence[Teach] | None
) -> list[Feature]:
    """The windows of every row; `teach` gives, for each row, what a window of it teaches."""
    frame = Frame.of(tokenizer, pair=False)
    divided = units(tokenizer, [row.text for row in rows], [row.tokens for row in rows], unit)
    return [
        feature
        for place, (row, own) in enumerate(zip(rows, divided, strict=True))
        for feature in _windows(place, row, own, frame, max_tokens, teach[place] if teach else None)
    ]


def decided(windows: Sequence[Seen], own: int, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Whether window `own` decides about what reaches from unit `first` to `last`, counted in the text; (k,) each.

    That is the window that decides about `first`, else the one that decides about `last`, else the first of those that
    see both. Something that no window sees whole is decided by none.
    """
    low, high = (np.array(bounds) for bounds in zip(*((w.first, w.end) for w in windows), strict=True))
    owns = np.array([window.own_last for window in windows])
    deciders = np.full(len(first), -1)
    for candidate in (
        np.minimum(np.searchsorted(high, last, side="right"), len(windows) - 1),
        np.searchsorted(owns, last, side="right"),
        np.searchsorted(owns, first, side="right"),
    ):
        able = (low[candidate] <= first) & (last < high[candidate])
        deciders = np.where(able, candidate, deciders)
    return np.asarray(deciders == own)


def stacked(cells: Sequence[tuple[int, int, int]]) -> Cells:
    """Cells as an array, each once."""
    return np.array(sorted(set(cells)), dtype=np.int64).reshape(-1, 3)


def marked(scores: np.ndarray, places: np.ndarray, threshold: float, *, forward: bool) -> Marked:
    """The cells of units whose score (matrices, tokens, tokens) is above `threshold`.

    With `forward` the row never comes after the column.
    """
    own = scores[:, places][:, :, places]
    cells = np.argwhere(np.triu(own > threshold) if forward else own > threshold)
    return Marked(cells, own[tuple(cells.T)])


def entities_of(text: str, windows: Sequence[Seen], found: Sequence[Marked], labels: Sequence[str]) -> list[Found]:
    """The entities of a text, each from the window that decides about it; matrices are labels."""
    entities = []
    for number, (window, (cells, scores)) in enumerate(zip(windows, found, strict=True)):
        own = decided(windows, number, window.first + cells[:, 1], window.first + cells[:, 2])
        starts, ends = window.spans[cells[own, 1], 0].tolist(), window.spans[cells[own, 2], 1].tolist()
        sure = sigmoid(scores[own]).tolist()
        for label, start, end, score in zip(cells[own, 0].tolist(), starts, ends, sure, strict=True):
            entities.append(Found(start, end, labels[label], text[start:end], score))
    return entities


def _windows(
    place: int, row: Annotated, own: Units, frame: Frame, max_tokens: int, teach: Teach | None
) -> Iterator[Feature]:
    capacity = max_tokens - frame.size
    for window, ids, offsets, begins in windowed(own, capacity):
        read = frame.around(Pieces(ids, offsets, ids))
        part = slice(window.first, window.last)
        there = Seen(window.first, window.own_first, window.own_last, own.spans[part], begins + len(frame.special[0]))
        cut = sum(max(0, len(each) - capacity) for each in own.ids[window.own_first : window.own_last])
        yield Feature(place, row.id, *read, teach(there) if teach else {}, (there,), cut)
