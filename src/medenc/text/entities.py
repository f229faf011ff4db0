"""Terms of a terminology in long texts: the longest match, leftmost first, without overlap."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from medenc.text.code_points import codes, folded, spaced, text_of

_BITS = 22
_SHORT, _LONG = 2, 3  # characters that a term is looked up by


class EntityFinder:
    """Finds terms whatever their case, width or Chinese script.

    In scripts that set words apart a term begins where a word does; it ends where a word does in Latin letters, not in
    Hangul, where particles follow. Terms of one character are not looked for.
    """

    def __init__(self, terms: Iterable[str]) -> None:
        forms = {" ".join(fold(term).split()) for term in terms}
        self.terms = frozenset(form for form in forms if len(form) >= _SHORT)
        self._lengths: dict[str, list[int]] = {}
        for form in sorted(self.terms, key=len, reverse=True):
            lengths = self._lengths.setdefault(_key(form), [])
            if len(form) not in lengths:
                lengths.append(len(form))
        self._hashes = {width: self._filter(width) for width in (_SHORT, _LONG)}

    def spans(self, points: np.ndarray) -> np.ndarray:
        """(n, 2) spans of the terms in a text given as code points."""
        points = folded()[points]
        text, kinds = text_of(points), spaced()[points]
        found: list[tuple[int, int]] = []
        done = 0
        for start in self._candidates(points, kinds).tolist():
            if start >= done and (end := self._longest(text, kinds, start)):
                found.append((start, end))
                done = end
        return np.array(found, dtype=np.int64).reshape(-1, 2)

    def _candidates(self, points: np.ndarray, kinds: np.ndarray) -> np.ndarray:
        """Places where a term may begin: its first characters are there, and no word is going on."""
        if not self.terms or len(points) < _SHORT:
            return np.zeros(0, dtype=np.int64)
        places = np.zeros(len(points), dtype=bool)
        for width, table in self._hashes.items():
            if table.any():
                places[: max(len(points) - width + 1, 0)] |= table[_hashed(points, width)]
        places[1:] &= (kinds[1:] == 0) | (kinds[1:] != kinds[:-1])
        return np.flatnonzero(places)

    def _longest(self, text: str, kinds: np.ndarray, start: int) -> int:
        """The end of the longest term that begins at `start`; 0 for none."""
        lengths = self._lengths.get(text[start : start + _LONG], []) + self._lengths.get(
            text[start : start + _SHORT], []
        )
        for length in lengths:
            end = start + length
            if text[start:end] in self.terms and not (end < len(text) and kinds[end - 1] == kinds[end] == 1):
                return end
        return 0

    def _filter(self, width: int) -> np.ndarray:
        """A table of the hashes of all first characters of this width."""
        table = np.zeros(1 << _BITS, dtype=bool)
        for key in self._lengths:
            if len(key) == width:
                table[_hashed(codes(key), width)] = True
        return table


def fold(text: str) -> str:
    """The form in which terms and texts are compared; as long as `text`."""
    return text_of(folded()[codes(text)])


def _key(form: str) -> str:
    return form[:_LONG] if len(form) >= _LONG else form


def _hashed(points: np.ndarray, width: int) -> np.ndarray:
    """(n - width + 1,) a hash of every `width` characters in a row."""
    last = len(points) - width + 1
    mixed = np.zeros(max(last, 0), dtype=np.uint32)
    for place in range(width):
        mixed = (mixed ^ points[place : place + last]) * np.uint32(0x9E3779B1)
    return mixed >> np.uint32(32 - _BITS)
