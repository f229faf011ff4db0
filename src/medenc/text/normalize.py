"""Normal form of text, with the way back to the original offsets.

Folded: compatibility forms (NFKC: full-width letters, ligatures, `㎎`), decomposed Hangul and accents, Traditional
Chinese characters (so also most Hanja) to Simplified, typographic quotes and hyphens to ASCII. Removed: format
characters (soft hyphen, zero-width, direction marks) and variation selectors. Kept: case, white space, compatibility
Jamo such as `ㅋ` (NFKC would turn them into syllable parts). Any `str` is accepted, lone surrogates too.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import NamedTuple

from medenc.text.scripts import HAN

_HAN = re.compile(f"[{HAN}]")
_COMPATIBILITY_JAMO = re.compile("[ㄱ-ㆎ]")
_VARIATION_SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_TAIL_JAMO = re.compile("[\u1160-\u11ff\ud7b0-\ud7ff]")  # vowels and finals, which join the consonant before them
_HAN_BLOCKS = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x2FA20), (0x30000, 0x31350))


class Normalized(NamedTuple):
    """Normalised text; `starts` and `ends` hold, for each of its characters, the original offsets (None: unchanged)."""

    text: str
    starts: list[int] | None = None
    ends: list[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original span of `text[start:end]`; an empty span stays empty."""
        if self.starts is None or self.ends is None:
            return start, end
        if start >= end:
            place = self.starts[start] if start < len(self.starts) else (self.ends[-1] if self.ends else 0)
            return place, place
        return self.starts[start], self.ends[end - 1]


def normalize(text: str) -> Normalized:
    """The normal form of any text. Linear; ASCII text is returned as it is."""
    if text.isascii():
        return Normalized(text)
    text = text.translate(_table(_HAN.search(text) is not None))
    unsettled = "".join(sorted(character for character in set(text) if not _settled(character)))
    return _rewrite(text, _clusters(unsettled)) if unsettled else Normalized(text)


def _rewrite(text: str, clusters: re.Pattern[str]) -> Normalized:
    """Replace each cluster by its normal form, keeping the offsets."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for found in clusters.finditer(text):
        start, end = found.span()
        form = _compose(found.group())
        pieces += (text[done:start], form)
        starts += [*range(done, start), *[start] * len(form)]
        ends += [*range(done + 1, start + 1), *[end] * len(form)]
        done = end
    pieces.append(text[done:])
    starts += range(done, len(text))
    ends += range(done + 1, len(text) + 1)
    return Normalized("".join(pieces), starts, ends)


def _compose(cluster: str) -> str:
    kept = "".join(character for character in cluster if not _removed(character))
    if _COMPATIBILITY_JAMO.search(kept):
        return kept
    form = unicodedata.normalize("NFKC", kept)
    return form.translate(_table(_HAN.search(form) is not None))


@cache
def _settled(character: str) -> bool:
    """Whether a character stands for itself whatever is beside it."""
    if _joins(character):
        return False
    return bool(_COMPATIBILITY_JAMO.match(character)) or unicodedata.is_normalized("NFKC", character)


def _joins(character: str) -> bool:
    """Whether a character belongs to the one before it: marks, Hangul vowels and finals, and what is removed."""
    if _removed(character):
        return True
    first = character if _COMPATIBILITY_JAMO.match(character) else unicodedata.normalize("NFKC", character)[:1]
    return unicodedata.category(first)[0] == "M" or _TAIL_JAMO.match(first) is not None


def _removed(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or _VARIATION_SELECTOR.match(character) is not None


@cache
def _clusters(unsettled: str) -> re.Pattern[str]:
    """Matches a character with what joins it, and single characters that have another normal form."""
    joining = "".join(re.escape(character) for character in unsettled if _joins(character))
    single = "".join(re.escape(character) for character in unsettled if not _joins(character))
    parts = [f"[^{joining}]?[{joining}]+"] if joining else []
    return re.compile("|".join([*parts, f"[{single}]"] if single else parts))


@cache
def _table(with_han: bool) -> dict[int, str]:
    """Replacements of one character by one, which leave all offsets in place."""
    wide = {0xFF01 + i: chr(0x21 + i) for i in range(94)} | {0x3000: " "}
    quotes = {ord(mark): "'" for mark in "‘’‛′ʼ"} | {ord(mark): '"' for mark in "“”‟″"}
    hyphens = {ord(mark): "-" for mark in "‐‑‒–−"}
    return wide | quotes | hyphens | (_simplified() if with_han else {})


def _simplified() -> dict[int, str]:
    """Traditional, compatibility and variant ideographs to Simplified, character by character (data: OpenCC)."""
    from opencc import OpenCC  # only texts with Han characters need its dictionary

    source = [chr(code) for low, high in _HAN_BLOCKS for code in range(low, high)]
    plain = unicodedata.normalize("NFKC", "\n".join(source))
    converter = OpenCC("t2s")
    # A second pass, for the few characters whose simplified form is itself a traditional variant.
    target = converter.convert(converter.convert(plain)).split("\n")
    return {ord(old): new for old, new in zip(source, target, strict=True) if old != new and len(new) == 1}
