"""Segments of tokens beyond the two of a pair: what is known about a token before it is read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from medenc.decoding.contract import Feature

PAIR = 2  # the segments of a pair's texts, which every backbone has; others come behind them


def first_characters(feature: Feature, values: np.ndarray) -> np.ndarray:
    """For every token the value of its first character, (tokens,); 0 for tokens that are no text."""
    starts, ends = feature.offsets.T
    if not len(values):
        return np.zeros(len(starts), dtype=values.dtype)
    return np.where(starts < ends, values[np.minimum(starts, len(values) - 1)], 0)


def remarked(feature: Feature, segments: np.ndarray) -> Feature:
    """The feature with the segments (tokens,) that are not 0 instead of its own."""
    return replace(feature, type_ids=np.where(segments > 0, segments, feature.type_ids).astype(np.int16))
