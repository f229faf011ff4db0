"""Cutting long texts into windows that the model can read whole."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from medenc.core.errors import MedencError
from medenc.runtime.tokens import TextTokenizer
from medenc.text.windows import sentences

Span = tuple[int, int]


def cut(text: str, tokenizer: TextTokenizer, prompt: str = "") -> list[Span]:
    """Character spans of windows that partition the tokens of `text`; each fits the model behind `prompt`.

    A window ends at the last sentence end that fits; where that would leave it less than half full, at the last word;
    where a word is longer than a window, inside the word. A text without tokens is one window.
    """
    capacity = tokenizer.max_tokens - int(tokenizer.tokenize([prompt]).totals[0])
    if capacity < 1:
        raise MedencError(f"the prompt leaves no room in {tokenizer.max_tokens} tokens", where="prompts")
    spans, begins = tokenizer.word_spans(text)
    if len(spans) <= capacity:
        return [(0, len(text))]
    starts = {start for start, _ in sentences(text)}
    sentence_starts = np.array([int(start) in starts for start in spans[:, 0]])
    places = _cuts(len(spans), capacity, sentence_starts, begins)
    found = [(int(spans[a, 0]), int(spans[b - 1, 1])) for a, b in pairwise(places)]
    return [part for span in found for part in _fitting(text, span, tokenizer, prompt)]


def _cuts(n: int, capacity: int, sentence_starts: np.ndarray, word_starts: np.ndarray) -> list[int]:
    """Token numbers where windows begin, and `n`."""
    places = [0]
    while n - places[-1] > capacity:
        start, limit = places[-1], places[-1] + capacity
        places.append(_last(sentence_starts, start + capacity // 2, limit) or _last(word_starts, start, limit) or limit)
    return [*places, n]


def _last(marks: np.ndarray, after: int, limit: int) -> int | None:
    """The last marked place in (after, limit]."""
    found = np.flatnonzero(marks[after + 1 : limit + 1])
    return after + 1 + int(found[-1]) if len(found) else None


def _fitting(text: str, span: Span, tokenizer: TextTokenizer, prompt: str) -> list[Span]:
    """`span`, halved until it fits: out of its context a piece may have more tokens than it had inside the text."""
    start, end = span
    if end - start < 2 or tokenizer.tokenize([prompt + text[start:end]]).totals[0] <= tokenizer.max_tokens:
        return [span]
    middle = (start + end) // 2
    return [*_fitting(text, (start, middle), tokenizer, prompt), *_fitting(text, (middle, end), tokenizer, prompt)]


def pieces(texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[str]:
    """The texts of the windows, in order."""
    return [text[start:end] for text, own in zip(texts, spans, strict=True) for start, end in own]
