"""Chinese: dictionary words by jieba's algorithm, under a net of character pairs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, ClassVar

from medenc.core.plugins import Plugin
from medenc.text.scripts import HAN
from medenc.text.terms import Columns, net, stretches

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
        found = self._words(text, stretches(_RUN, text))
        return [*zip(found.starts, found.ends, strict=True)]

    def particles(self, text: str) -> list[tuple[int, int]]:  # noqa: ARG002 (the contract)
        """None: words of the language stand by themselves."""
        return []

    def terms_batch(self, texts: Sequence[str]) -> list[list[Columns]]:
        """Words and the net of each normalised text."""
        return [[self._words(text, runs), net(text, runs)] for text in texts for runs in [stretches(_RUN, text)]]

    def _words(self, text: str, runs: Sequence[tuple[int, int]]) -> Columns:
        found = Columns([], [], [])
        for start, end in runs:
            words = self._segmenter.cut(text[start:end], False)  # its guesses at unknown words lose to the net
            ends = [*accumulate(map(len, words), initial=start)]
            found.forms.extend(words)
            found.starts.extend(ends[:-1])
            found.ends.extend(ends[1:])
        return found

    @cached_property
    def _segmenter(self) -> Any:
        import rjieba  # only Chinese text needs it

        if not self.user_words:
            return rjieba
        segmenter = rjieba.Jieba()
        for word in sorted(self.user_words):
            segmenter.add_word(word, None, None)
        return segmenter
