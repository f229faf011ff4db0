"""Token ids as arrays: texts are tokenised once, and padded only to the longest of their batch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
BATCH_TOKENS = 2048  # padding included; measured best between 1,024 and 4,096 on processors


@dataclass(frozen=True)
class Tokenized:
    """Token ids of texts, special tokens included, and how many texts did not fit whole."""

    ids: list[np.ndarray]
    truncated: int


def tokenize(tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int) -> Tokenized:
    """Token ids of every text, cut at `max_tokens`; equal texts share one array."""
    unique = list(dict.fromkeys(texts))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    encodings = tokenizer.encode_batch_fast(unique) if unique else []
    ids = {text: np.array(e.ids, dtype=np.int32) for text, e in zip(unique, encodings, strict=True)}
    return Tokenized([ids[text] for text in texts], sum(bool(e.overflowing) for e in encodings))


def pad(ids: Sequence[np.ndarray], pad_id: int, prefix: str = "") -> dict[str, np.ndarray]:
    """`input_ids` and `attention_mask`, (batch, longest) int64, their names headed by `prefix`."""
    longest = max(len(row) for row in ids)
    input_ids = np.full((len(ids), longest), pad_id, dtype=np.int64)
    mask = np.zeros_like(input_ids)
    for place, row in enumerate(ids):
        input_ids[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return {f"{prefix}input_ids": input_ids, f"{prefix}attention_mask": mask}


def readable(text: str) -> str:
    """`text` with every lone surrogate, which no tokenizer reads, as U+FFFD; the length stays, so offsets do."""
    return LONE_SURROGATE.sub("\ufffd", text)


def batches(lengths: Sequence[int], budget: int = BATCH_TOKENS) -> Iterator[np.ndarray]:
    """Places of texts that go together, longest first, so that rows x longest row stays within `budget`."""
    order = np.argsort(np.asarray(lengths), kind="stable")[::-1].copy()  # torch takes no reversed view
    start = 0
    while start < len(order):
        rows = max(1, budget // lengths[order[start]])
        yield order[start : start + rows]
        start += rows
