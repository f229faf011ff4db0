"""How well training goes on rows that it does not learn from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize
from transformers import PreTrainedTokenizerFast

from medenc.models.encoder import Encoder
from medenc.text.tokens import batches, pad

BATCH_TOKENS = 8192
Tally = Mapping[str, tuple[Tensor, int]]
"""Name of a mean -> (sum, count)."""

Collate = Callable[[Sequence[Any], PreTrainedTokenizerFast, np.random.Generator], dict[str, np.ndarray]]


def measure(
    collate: Collate,
    tally: Callable[[dict[str, Tensor]], Tally],
    rows: Sequence[Any],
    tokenizer: PreTrainedTokenizerFast,
    encoder: Encoder,
) -> dict[str, float]:
    """Means over all rows, masked in the same way every time; 0 where there is nothing to count."""
    device = next(encoder.parameters()).device
    sums: defaultdict[str, float] = defaultdict(float)
    counts: defaultdict[str, int] = defaultdict(int)
    for places in batches([row.tokens for row in rows], BATCH_TOKENS):
        arrays = collate([rows[place] for place in places], tokenizer, np.random.default_rng([0, 0, 0]))
        with torch.inference_mode():
            batch = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
            for name, (total, count) in tally(batch).items():
                sums[name] += float(total)
                counts[name] += count
    return {name: total / max(1, counts[name]) for name, total in sums.items()}


def encoded(tower: Encoder, ids: Sequence[np.ndarray], pad_id: int) -> Tensor:
    """Vectors (n, dimension) of texts as token ids, in their order."""
    device = next(tower.parameters()).device
    vectors = torch.empty(len(ids), tower.dimension, device=device)
    with torch.inference_mode():
        for places in batches([len(row) for row in ids], BATCH_TOKENS):
            batch = {name: torch.from_numpy(a) for name, a in pad([ids[place] for place in places], pad_id).items()}
            vectors[places] = tower(**{name: array.to(device) for name, array in batch.items()})
    return vectors


def ranked(scores: Tensor, own: Tensor, excluded: Tensor) -> dict[str, float]:
    """RR@10 and Success@1 of the column `own` (n,) in each row of `scores` (n, m), `excluded` columns left out.

    A column with the same score counts as better: else an encoder that says the same of all texts would be the best.
    """
    better = (scores >= scores.gather(1, own.unsqueeze(1))) & ~excluded
    ranks = 1 + better.scatter(1, own.unsqueeze(1), False).sum(1)
    reciprocal = torch.where(ranks <= 10, 1 / ranks, 0.0)
    return {"RR@10": float(reciprocal.mean()), "Success@1": float((ranks == 1).float().mean())}


def nearest_shares(vectors: Tensor, labels: Tensor, texts: Tensor) -> float:
    """How often the nearest vector has the row's label; vectors of the same text are no neighbours.

    Args:
        vectors: (n, dimension), compared by their cosines.
        labels: (n,).
        texts: (n,), equal where the texts are.
    """
    vectors, right = normalize(vectors, dim=-1).cpu(), 0
    for rows in torch.arange(len(vectors)).split(1024):  # n x n numbers at once are too many
        cosines = (vectors[rows] @ vectors.T).masked_fill(texts[rows, None] == texts, -torch.inf)
        same = labels[rows, None] == labels
        best = cosines.masked_fill(~same, -torch.inf).amax(1)
        right += int((best > cosines.masked_fill(same, -torch.inf).amax(1)).sum())
    return right / len(vectors)


def guessed(name: str, logits: Tensor, truth: Tensor) -> Tally:
    """Accuracy and cross entropy of logits (n, classes)."""
    right = (logits.argmax(-1) == truth).sum()
    loss = cross_entropy(logits.float(), truth, reduction="sum")
    return {f"{name}_accuracy": (right, len(truth)), f"{name}_loss": (loss, len(truth))}


def told(name: str, logits: Tensor, truth: Tensor, kept: Tensor) -> Tally:
    """F1, accuracy, recall and precision of binary logits on the `kept` tokens, all (rows, tokens).

    F1 is first: most tokens are what they were, so that saying this of all of them is right for most.
    """
    said, true = logits[kept] > 0, truth[kept]
    hits = (said & true).sum()
    return {
        f"{name}_f1": (2 * hits, int(said.sum() + true.sum())),
        f"{name}_accuracy": ((said == true).sum(), len(true)),
        f"{name}_recall": (hits, int(true.sum())),
        f"{name}_precision": (hits, int(said.sum())),
    }


def recalled(names: Sequence[str], logits: Tensor, truth: Tensor) -> Tally:
    """The share of each class, by its name, that logits (n, classes) find."""
    right = logits.argmax(-1) == truth
    return {
        f"{name}_recall": (right[truth == place].sum(), int((truth == place).sum())) for place, name in enumerate(names)
    }
