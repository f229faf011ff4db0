"""Where words begin in long texts, as the analyzer cuts them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from medenc.core.plugins import find
from medenc.text.analyzer import Analyzer
from medenc.text.code_points import folded, has, spaced, text_of
from medenc.text.scripts import HAN

_BREAK = 0x0A


class WordMarker:
    """Chinese words of the dictionary and of `terms`; the words of spaced scripts, and Korean ones cut from Latin.

    With `morphemes` Korean words are cut into morphemes as well, which takes many times as long.
    """

    def __init__(self, terms: Iterable[str] = (), *, morphemes: bool = False) -> None:
        words = Analyzer(terms).user_words
        chinese: Any = find("language", "zh")
        self._chinese = chinese(user_words=tuple(word for word in words if all(has(HAN)[ord(c)] for c in word)))
        korean: Any = find("language", "ko")
        self._korean = korean(user_words=words) if morphemes else None

    def mark(self, points: np.ndarray, starts: np.ndarray, fresh: np.ndarray) -> np.ndarray:
        """(t,) bool: whether each token begins a word.

        Args:
            points: (characters,) the text as code points.
            starts: (t,) the tokens' first characters.
            fresh: (t,) whether the token begins a word for the tokenizer, which takes every Han character for one.
        """
        folds = folded()[points]
        return (fresh & ~has(HAN)[folds[starts]]) | self._starts(folds)[starts]

    def _starts(self, points: np.ndarray) -> np.ndarray:
        """(characters,) bool: the beginnings that a tokenizer does not see, inside runs of Han or of mixed letters."""
        marks = np.zeros(len(points), dtype=bool)
        self._mark_chinese(points, marks)
        kinds = spaced()[points]
        marks[1:] |= (kinds[1:] != kinds[:-1]) & (kinds[1:] > 0) & (kinds[:-1] > 0)
        if self._korean is not None:
            marks[[start for start, _ in self._korean.words(text_of(points))]] = True
        return marks

    def _mark_chinese(self, points: np.ndarray, marks: np.ndarray) -> None:
        han = has(HAN)[points]
        if not han.any():
            return
        chosen = np.flatnonzero(han | np.append(False, han[:-1]))  # every stretch, and what follows it as a break
        words = self._chinese.segments(text_of(np.where(han[chosen], points[chosen], _BREAK)))
        lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
        marks[chosen[np.cumsum(lengths) - lengths]] = True
