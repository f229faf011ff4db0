"""Chinese: dictionary words by jieba's algorithm, under a net of character pairs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar

from medenc.core.plugins import Plugin
from medenc.text.scripts import HAN
from medenc.text.terms import Term, net

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
        return list(self._words(text))

    def particles(self, text: str) -> list[tuple[int, int]]:  # noqa: ARG002 (the contract)
        """None: words of the language stand by themselves."""
        return []

    def terms(self, text: str) -> list[Term]:
        """Words and the net's pairs, of normalised text."""
        found = [Term(text[start:end], start, end) for start, end in self._words(text)]
        for run in _RUN.finditer(text):
            found += net(text, run.start(), run.end())
        return found

    def terms_batch(self, texts: Sequence[str]) -> list[list[Term]]:
        """`terms` of each text."""
        return [self.terms(text) for text in texts]

    def _words(self, text: str) -> Iterator[tuple[int, int]]:
        for run in _RUN.finditer(text):
            start = run.start()
            for word in self._segmenter.cut(run.group(), hmm=False):
                yield start, start + len(word)
                start += len(word)

    @cached_property
    def _segmenter(self) -> Any:
        import rjieba  # only Chinese text needs it

        if not self.user_words:
            return rjieba
        segmenter = rjieba.Jieba()
        for word in sorted(self.user_words):
            segmenter.add_word(word, None, None)
        return segmenter
