"""Features as padded batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medenc.decoding.contract import Arrays, Feature

IGNORE = -100  # a label that no loss counts


def stack(features: Sequence[Feature], pad_id: int) -> Arrays:
    """`input_ids`, `attention_mask` and `token_type_ids`, each (batch, longest) int64."""
    return {
        "input_ids": padded([feature.input_ids for feature in features], pad_id),
        "attention_mask": padded([np.ones(feature.tokens, dtype=np.int64) for feature in features], 0),
        "token_type_ids": padded([feature.type_ids for feature in features], 0),
    }


def gold(features: Sequence[Feature], fill: int | float = IGNORE) -> Arrays:
    """The gold arrays, each padded at the end of every axis with `fill`; {} where nothing is learned."""
    names = features[0].gold if features else {}
    return {name: padded([feature.gold[name] for feature in features], fill) for name in names}


def padded(arrays: Sequence[np.ndarray], fill: int | float) -> np.ndarray:
    """Arrays of one rank as one array (n, longest, …); whole numbers become int64, others float32."""
    arrays = [np.asarray(array) for array in arrays]
    whole = all(array.dtype.kind in "iub" for array in arrays)
    longest = tuple(max(sizes) for sizes in zip(*(array.shape for array in arrays), strict=True))
    stacked = np.full((len(arrays), *longest), fill, dtype=np.int64 if whole else np.float32)
    for place, array in enumerate(arrays):
        stacked[place, ...][tuple(slice(size) for size in array.shape)] = array
    return stacked
