"""The documents as points of a plane, for the map of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from medenc.data.records import Passage

MOST_VALUES = 24  # a metadata key with more distinct values colours nothing


def points(passages: Sequence[Passage], vectors: np.ndarray) -> dict[str, Any]:
    """Columns of a scatter plot: ids, titles, coordinates in -1..1, and the metadata worth colouring by."""
    places = plane(vectors) if vectors.size else np.zeros((len(passages), 2))
    return {
        "ids": [passage.id for passage in passages],
        "titles": [passage.title for passage in passages],
        "x": np.round(places[:, 0], 4).tolist(),
        "y": np.round(places[:, 1], 4).tolist(),
        "metadata": _colours(passages),
    }


def plane(vectors: np.ndarray) -> np.ndarray:
    """The two principal components of vectors (m, d), scaled to -1..1, (m, 2).

    The sign of a component is free; it is chosen so that the largest weight is positive, and the picture stays the
    same from one computation to the next.
    """
    centred = vectors.astype(np.float64) - vectors.mean(0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    axes = np.zeros((centred.shape[1], 2))
    axes[:, : min(2, centred.shape[1])] = directions[:, ::-1][:, :2]
    axes *= np.where(axes[np.abs(axes).argmax(0), [0, 1]] < 0, -1, 1)
    found = centred @ axes
    return np.asarray(found / np.maximum(np.abs(found).max(0), 1e-12))


def _colours(passages: Sequence[Passage]) -> dict[str, list[Any]]:
    keys = sorted({key for passage in passages for key in passage.metadata})
    columns = {key: [_label(passage.metadata.get(key)) for passage in passages] for key in keys}
    return {key: column for key, column in columns.items() if 1 < len(set(column)) <= MOST_VALUES}


def _label(value: Any) -> str | None:
    return None if value is None else str(value)
