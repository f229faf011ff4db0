"""Which tokens a model has to guess, and what stands in their place: BERT's masks by token, word, entity or span."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from medenc.core.options import Options
from medenc.data.sequences import Batch, Words

IGNORED = -100  # the label of what is not to be guessed
DRAWS = 3  # random numbers that a mask takes a token
_STREAM = 1  # sets these numbers apart from others that are drawn for the same row
_SPAN_STOP, _LONGEST_SPAN = 0.2, 10  # of SpanBERT, in words


@dataclass(frozen=True)
class Masked:
    """`ids` (rows, tokens) with masks in them; `labels` are the true ids there and IGNORED elsewhere."""

    ids: np.ndarray
    labels: np.ndarray


class Masking(Options):
    """Units are chosen independently of each other, and a chosen unit as a whole.

    Of the chosen tokens `mask_share` become [MASK], `random_share` an ordinary token, and the rest stay. Each token
    draws its own lot, but in a span, where all tokens have one. Source: Devlin et al. (BERT), NAACL 2019; spans: Joshi
    et al. (SpanBERT), TACL 2020, with their lengths of 1 to 10 words and 3.8 on average.
    """

    unit: Literal["token", "word", "entity", "span"] = "word"  # entity: the terms of the shards, and words elsewhere
    rate: float = Field(default=0.15, gt=0, lt=1)  # of the tokens, on average
    mask_share: float = Field(default=0.8, ge=0, le=1)
    random_share: float = Field(default=0.1, ge=0, le=1)

    @model_validator(mode="after")
    def _shares(self) -> Masking:
        if self.mask_share + self.random_share > 1:
            raise ValueError("mask_share and random_share are more than all")
        return self

    def hide(self, batch: Batch, draws: np.ndarray, tokenizer: Words) -> Masked:
        """The batch with masks in it.

        Args:
            batch: (rows, tokens).
            draws: (3, rows, tokens) random numbers from 0 to 1: what is chosen, what becomes of it, which random token.
            tokenizer: for [MASK], and for the tokens that may stand in another's place.
        """
        chosen, lots = self._spans(batch, draws) if self.unit == "span" else self._units(batch, draws)
        chosen &= ~batch.special
        ids = np.where(chosen & (lots < self.mask_share), tokenizer.mask_token_id, batch.input_ids)
        swapped = chosen & (lots >= self.mask_share) & (lots < self.mask_share + self.random_share)
        ids = np.where(swapped, ordinary(draws[2], tokenizer), ids)
        return Masked(ids, np.where(chosen, batch.input_ids, IGNORED))

    def _units(self, batch: Batch, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A unit is chosen by the number drawn for its first token."""
        first = _last_place(self._starts(batch))
        return np.take_along_axis(draws[0], first, axis=1) < self.rate, draws[1]

    def _starts(self, batch: Batch) -> np.ndarray:
        if self.unit == "token":
            return np.ones_like(batch.word_starts)
        if self.unit == "entity":
            return (batch.word_starts & (batch.entities != 2)) | (batch.entities == 1)
        return batch.word_starts

    def _spans(self, batch: Batch, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """From a word on which the lot falls, as many words as the rest of its random number says; none crosses a
        special token."""
        chance = _span_chance(self.rate)
        begun = batch.word_starts & ~batch.special & (draws[0] < chance)
        words = np.cumsum(batch.word_starts, axis=1)
        length = _span_length(np.where(begun, draws[0] / chance, 0))
        reach = np.maximum.accumulate(np.where(begun, words + length, 0), axis=1)
        origin = _last_place(begun | batch.special)
        inside = ~np.take_along_axis(batch.special, origin, axis=1)
        return (words < reach) & inside, np.take_along_axis(draws[1], origin, axis=1)


def drawn(rng: np.random.Generator, numbers: Sequence[int], count: int, tokens: int) -> np.ndarray:
    """Random numbers (count, rows, tokens) from 0 to 1.

    A row's are a function of the seed, the epoch and the row's number, so that no batch size, no neighbour's length
    and no number of processes changes them.
    """
    seed, epoch = moment(rng)
    found = [np.random.default_rng([seed, epoch, number, _STREAM]).random((tokens, count)) for number in numbers]
    return np.stack(found).transpose(2, 0, 1)


def moment(rng: np.random.Generator) -> tuple[int, int]:
    """The seed and the epoch of a batch, by which, and its position, the training loop seeds its generator."""
    seed, epoch, _ = rng.bit_generator.seed_seq.entropy  # type: ignore[attr-defined]
    return seed, epoch


def ordinary(draws: np.ndarray, tokenizer: Words) -> np.ndarray:
    """Token ids, none of them special, by random numbers from 0 to 1."""
    special = sorted(set(tokenizer.all_special_ids))
    ids = (draws * (len(tokenizer) - len(special))).astype(np.int64)
    for one in special:
        ids += ids >= one
    return ids


def _last_place(marks: np.ndarray) -> np.ndarray:
    """(rows, tokens): the place of the last mark up to each token."""
    return np.maximum.accumulate(np.where(marks, np.arange(marks.shape[1]), 0), axis=1)


def _span_chance(rate: float) -> float:
    """How often a span must begin for `rate` of the words to be in one: a word stays out when none of the ten spans
    that could reach it has begun."""
    lengths = 1 - _SPAN_STOP
    reaching = (lengths ** np.arange(_LONGEST_SPAN) - lengths**_LONGEST_SPAN) / (1 - lengths**_LONGEST_SPAN)
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if 1 - np.prod(1 - middle * reaching) > rate else (middle, high)
    return high


def _span_length(draws: np.ndarray) -> np.ndarray:
    """Words from 1 to 10, geometrically distributed, by random numbers from 0 to 1."""
    left = 1 - draws * (1 - (1 - _SPAN_STOP) ** _LONGEST_SPAN)
    return 1 + np.floor(np.log(left) / np.log(1 - _SPAN_STOP)).astype(np.int64).clip(0, _LONGEST_SPAN - 1)
