"""Lexical similarity of short names: what their words and groups of characters have in common.

Names are too short for BM25 and too often misspelt for words alone. So a name is the set of its analysed words and of
its character groups (three letters of a Latin word with its edges; one or two characters of Han, Hangul, Kana), each
worth its inverse document frequency, and names are compared by the cosine. It is 1 for the same set and 0 for nothing
in common, whatever the size of the dictionary.
"""

from __future__ import annotations

from array import array as typed
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from medenc.search.names import digest, grouped
from medenc.search.ragged import Ragged
from medenc.text.scripts import runs

UNSPACED = ("han", "hangul", "kana")
EDGE = "#"
WORD = "="  # begins the feature of a word, so that it is no character group
FLOOR = 0.3  # a name of less similarity may be left out when all that it shares with the mention is frequent
DEEPER = 8  # times more names are compared in full than are wanted
BLOCK = 4096

Words = Callable[[Sequence[str]], list[list[str]]]
"""Texts -> the analysed words of each."""


def groups(form: str) -> set[str]:
    """The character groups of a form."""
    found: set[str] = set()
    for piece, unspaced in _pieces(form):
        if unspaced:
            found.update(piece, (a + b for a, b in pairwise(piece)))
        else:
            edged = f"{EDGE}{piece}{EDGE}"
            found.update(edged[i : i + 3] for i in range(len(edged) - 2))
    return found


def features(form: str, words: Iterable[str]) -> set[str]:
    """What a form is compared by."""
    return groups(form) | {WORD + word for word in words}


@dataclass(frozen=True)
class Spelling:
    """The features of f forms; `v` distinct ones."""

    features: np.ndarray  # (v,) uint64, ascending: digests
    postings: Ragged  # v rows: the forms that have it, int32, ascending
    lengths: np.ndarray  # (f,) float32: of the forms' vectors

    def top(self, found: set[str], n: int) -> tuple[np.ndarray, np.ndarray]:
        """The `n` most similar forms and their similarities, best first; equal ones by their number.

        The rarest features are looked up first, until the rest cannot lift a form that has none of the rare ones to
        `FLOOR`; the promising forms are then compared in full.
        """
        numbers, mass, length = self._known(found)
        sums, left = np.zeros(len(self.lengths), np.float32), float(mass.sum())
        for number, worth in zip(numbers.tolist(), mass.tolist(), strict=True):
            if left < (FLOOR * length) ** 2:
                break
            sums[self.postings[number]] += worth
            left -= worth
        touched = np.flatnonzero(sums)
        partial = sums[touched] / self.lengths[touched]
        if len(touched) > n * DEEPER:
            touched = touched[np.sort(np.argpartition(-partial, n * DEEPER)[: n * DEEPER])]
        scores = self.scores(found, touched)
        best = np.argsort(-scores, kind="stable")[:n]
        return touched[best], scores[best]

    def scores(self, found: set[str], forms: np.ndarray) -> np.ndarray:
        """Similarities (k,) of a mention's features with some forms."""
        numbers, mass, length = self._known(found)
        sums = np.zeros(len(forms))
        for number, worth in zip(numbers.tolist(), mass.tolist(), strict=True):
            own = self.postings[number]
            place = np.minimum(np.searchsorted(own, forms), len(own) - 1)
            sums += worth * (own[place] == forms)
        return np.minimum(sums / (self.lengths[forms] * max(length, 1e-12)), 1.0)

    def _known(self, found: set[str]) -> tuple[np.ndarray, np.ndarray, float]:
        """Known features, rarest first, by number; their squared weights; the length of the mention's vector."""
        digests = np.sort(np.array([digest(feature) for feature in found], dtype=np.uint64))
        place = np.minimum(np.searchsorted(self.features, digests), len(self.features) - 1)
        known = place[self.features[place] == digests] if len(digests) else place
        holding = self.postings.offsets[known + 1] - self.postings.offsets[known]
        unknown = (len(digests) - len(known)) * _weights(np.zeros(1), len(self.lengths))[0] ** 2
        order = np.argsort(holding, kind="stable")
        mass = _weights(holding[order], len(self.lengths)) ** 2
        return known[order], mass, float(np.sqrt(mass.sum() + unknown))


def build(forms: Sequence[str], words: Words) -> Spelling:
    """The features of `forms`."""
    vocabulary: dict[str, int] = {}
    flat, sizes = typed("i"), typed("i")
    for start in range(0, len(forms), BLOCK):
        block = forms[start : start + BLOCK]
        for form, own in zip(block, words(block), strict=True):
            found = features(form, own)
            flat.extend(vocabulary.setdefault(feature, len(vocabulary)) for feature in sorted(found))
            sizes.append(len(found))
    digests = np.array([digest(feature) for feature in vocabulary], dtype=np.uint64)
    order = np.argsort(digests)
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.arange(len(order))
    feature = numbers[np.frombuffer(flat, np.int32)]
    owner = np.repeat(np.arange(len(forms), dtype=np.int32), np.frombuffer(sizes, np.int32))
    places = grouped(feature, len(vocabulary))
    squares = np.repeat(_weights(places.lengths, len(forms)) ** 2, places.lengths)
    postings = Ragged(owner[places.data], places.offsets)
    lengths = np.sqrt(np.bincount(postings.data, squares, len(forms))).astype(np.float32)
    return Spelling(digests[order], postings, np.maximum(lengths, np.float32(1e-6)))


def _weights(holding: np.ndarray, n: int) -> np.ndarray:
    """Inverse document frequencies of features that `holding` of `n` forms have."""
    return np.log1p((n - holding + 0.5) / (holding + 0.5))


def _pieces(form: str) -> Iterable[tuple[str, bool]]:
    """Stretches of letters and digits with spaces between them, and stretches of an unspaced script."""
    for script, start, end in runs(form):
        if script in UNSPACED:
            yield form[start:end], True
    spaced = "".join(" " if script in UNSPACED else form[start:end] for script, start, end in runs(form))
    for word in spaced.split():
        yield word, False
