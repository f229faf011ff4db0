"""Chinese: dictionary words by jieba's algorithm, under a net of character pairs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, ClassVar

from medenc.core.plugins import Plugin
from medenc.text.scripts import HAN
from medenc.text.terms import Columns, net

_RUN = re.compile(f"[{HAN}]+")


class Chinese(Plugin):
    """Words of Han stretches; `user_words` are kept whole where the dictionary would split them."""

    scripts: ClassVar[frozenset[str]] = frozenset({"han"})
    user_words: tuple[str, ...] = ()

    def applies(self, text: str) -> bool:
        """Whether a normalised text has anything for this language."""
        return _RUN.search(text) is not None

    def words(self, text: str) -> list[tuple[int, int]]:
        """Spans of the words; they cover every Han character once."""
        return [(start, end) for run in _RUN.finditer(text) for _, start, end in self._cut(run).terms()]

    def particles(self, text: str) -> list[tuple[int, int]]:  # noqa: ARG002 (the contract)
        """None: words of the language stand by themselves."""
        return []

    def terms_batch(self, texts: Sequence[str]) -> list[list[Columns]]:
        """Words and the net of each normalised text."""
        return [
            [part for run in _RUN.finditer(text) for part in (self._cut(run), *net(text, *run.span()))]
            for text in texts
        ]

    def _cut(self, run: re.Match[str]) -> Columns:
        """Words of a Han stretch."""
        words = self._segmenter.cut(run.group(), False)  # its guesses at unknown words lose to the net
        ends = [*accumulate(map(len, words), initial=run.start())]
        return Columns(words, ends[:-1], ends[1:])

    @cached_property
    def _segmenter(self) -> Any:
        import rjieba  # only Chinese text needs it

        if not self.user_words:
            return rjieba
        segmenter = rjieba.Jieba()
        for word in sorted(self.user_words):
            segmenter.add_word(word, None, None)
        return segmenter
