"""Words that two texts share, marked in what the encoder reads.

A word is what the analyzer makes of it, so `HbA1c는` is shared with `HbA1c`, and words that mean nothing are not.
Source: the exact match feature of Chen et al. (DrQA), ACL 2017; there it is of lemmas, here of search terms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from medenc.data.examples import Question
from medenc.decoding.contract import Feature
from medenc.decoding.segments import PAIR, first_characters, remarked
from medenc.text.analyzer import plain_analyzer
from medenc.text.terms import Term, is_net

Words = Mapping[str, Sequence[Term]]
"""The words of each text."""


def in_pairs(features: Sequence[Feature], pairs: Sequence[tuple[str, str]]) -> list[Feature]:
    """Features of pairs (`labelled.text_features`); a shared word of the first text has segment 2, of the second 3.

    Args:
        pairs: by row.
    """
    words = words_of([text for pair in pairs for text in pair])
    both = [(PAIR * _shared(words, a, b), (PAIR + 1) * _shared(words, b, a)) for a, b in pairs]
    found = []
    for feature in features:
        first, second = (first_characters(feature, values) for values in both[feature.row])
        place = np.arange(feature.tokens)
        found.append(remarked(feature, np.where(place < feature.memory[0], first, second)))
    return found


def in_contexts(
    features: Sequence[Feature], rows: Sequence[Question], words: Words, sentences: Sequence[np.ndarray]
) -> list[Feature]:
    """Windows of contexts; a word of the question in them has segment 2.

    Args:
        sentences: of each row's context those to be marked, as `best_sentences` ranks them. The first has segment 3 and
            the question's words in it 4, the others have 5 and 6.
    """
    own = []
    for row, spans in zip(rows, sentences, strict=True):
        marks = _shared(words, row.context, row.question)
        for place, (start, end) in enumerate(spans.tolist()):
            marks[start:end] += 4 if place else 2
        own.append(np.where(marks, marks + PAIR - 1, 0))
    return [remarked(feature, first_characters(feature, own[feature.row])) for feature in features]


def _shared(words: Words, text: str, other: str) -> np.ndarray:
    """Which characters of `text` are of a word of `other`, (len(text),) int16 of 0 and 1."""
    theirs, found = {word.text for word in words[other]}, np.zeros(len(text), dtype=np.int16)
    for word in words[text]:
        if word.text in theirs:
            found[word.start : word.end] = 1
    return found


def words_of(texts: Sequence[str]) -> Words:
    """The words of each text, without the analyzer's safety net."""
    unique = list(dict.fromkeys(texts))
    return {
        text: [term for term in terms if not is_net(term.text)]
        for text, terms in zip(unique, plain_analyzer().terms_batch(unique), strict=True)
    }
