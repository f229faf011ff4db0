"""The sentences of a context that are most like a question, by BM25 within the context.

In a long document most of the reading is finding. A model that sees which sentences hold the question's rare words
only has to learn where in them an answer begins and ends.

Source: the document retriever of Chen et al. (DrQA), ACL 2017, here one level down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from medenc.data.examples import Question
from medenc.decoding.shared_words import Words
from medenc.text.terms import Term
from medenc.text.windows import sentences

K1, B = 0.9, 0.4
Spans = np.ndarray
"""(n, 2) int64, characters of a text, end exclusive."""
NONE: Spans = np.empty((0, 2), dtype=np.int64)


def ranked_sentences(rows: Sequence[Question], words: Words) -> list[Spans]:
    """Of each row's context the sentences that hold a word of its question, best first; equal ones in their order."""
    contexts = {text: _Context(text, words[text]) for text in dict.fromkeys(row.context for row in rows)}
    return [contexts[row.context].ranked(words[row.question]) for row in rows]


class _Context:
    """The sentences of a text, with the words in each."""

    def __init__(self, text: str, words: Sequence[Term]) -> None:
        self._spans = np.array(sentences(text), dtype=np.int64).reshape(-1, 2)
        places = np.searchsorted(self._spans[:, 0], [word.start for word in words], side="right") - 1
        self._places: dict[str, Counter[int]] = {}
        for word, place in zip(words, places.tolist(), strict=True):
            self._places.setdefault(word.text, Counter())[place] += 1
        lengths = np.bincount(places, minlength=len(self._spans))
        self._saturation = K1 * (1 - B + B * lengths / max(lengths.mean(), 1)) if len(words) else lengths

    def ranked(self, question: Sequence[Term]) -> Spans:
        """Robertson and Zaragoza 2009, equation 3.15, as `search.lexical` has it."""
        n, scores = len(self._spans), np.zeros(len(self._spans))
        for word in dict.fromkeys(term.text for term in question):
            if counts := self._places.get(word):
                places, times = np.array(list(counts)), np.array(list(counts.values()))
                worth = np.log1p((n - len(places) + 0.5) / (len(places) + 0.5))
                scores[places] += worth * times / (times + self._saturation[places])
        order = np.argsort(-scores, kind="stable")
        return self._spans[order[scores[order] > 0]]
