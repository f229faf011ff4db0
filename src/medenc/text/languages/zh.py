"""Chinese: dictionary words by jieba's algorithm, under a net of character pairs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar

from medenc.core.plugins import Plugin
from medenc.text.scripts import HAN
from medenc.text.stop_words import CHINESE, CHINESE_CHARACTERS
from medenc.text.terms import NET_PREFIX, Terms, net, stretches, without

_RUN = re.compile(f"[{HAN}]+")
_BREAK = "\n"
_STOP = CHINESE | {NET_PREFIX + form for form in CHINESE | CHINESE_CHARACTERS}


class Chinese(Plugin):
    """Words of Han stretches; `user_words` are kept whole where the dictionary would split them."""

    scripts: ClassVar[frozenset[str]] = frozenset({"han"})
    user_words: tuple[str, ...] = ()

    def applies(self, text: str) -> bool:
        """Whether a normalised text has anything for this language."""
        return _RUN.search(text) is not None

    def words(self, text: str) -> list[tuple[int, int]]:
        """Spans of the words; they cover every Han character once."""
        runs = stretches(_RUN, text)
        return [*_follow(runs, self._segment(text, runs))]

    def particles(self, text: str) -> list[tuple[int, int]]:  # noqa: ARG002 (the contract)
        """None: words of the language stand by themselves."""
        return []

    def terms_batch(self, texts: Sequence[str]) -> list[list[Terms]]:
        """Words and the net of each normalised text."""
        return [self._terms(text) for text in texts]

    def _terms(self, text: str) -> list[Terms]:
        runs = stretches(_RUN, text)
        words = self._segment(text, runs)
        return [without(_STOP, words, _follow(runs, words)), net(text, runs, _STOP)]

    def _segment(self, text: str, runs: Sequence[tuple[int, int]]) -> list[str]:
        """Dictionary words; the segmenter's guesses at unknown words are off, for the net finds those better."""
        joined = _BREAK.join([text[start:end] for start, end in runs])  # one call: half of its cost is the call
        return [word for word in self.segments(joined) if word != _BREAK]

    def segments(self, joined: str) -> list[str]:
        """Words of normalised Han stretches with line feeds between them, which are words too."""
        return list(self._segmenter.cut(joined, False))

    @cached_property
    def _segmenter(self) -> Any:
        import rjieba  # only Chinese text needs it

        if not self.user_words:
            return rjieba
        segmenter = rjieba.Jieba()
        for word in sorted(self.user_words):
            segmenter.add_word(word, None, None)
        return segmenter


def _follow(runs: Sequence[tuple[int, int]], words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Spans of `words`, which fill `runs` one after the other."""
    remaining = iter(words)
    for start, end in runs:
        while start < end:
            span = start, start + len(next(remaining))
            yield span
            start = span[1]
