"""Sentences of a text, and spans freed of what is not part of the thing they name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from medenc.text.analyzer import Analyzer, plain_analyzer
from medenc.text.scripts import HAN, HANGUL

_CJK = f"{HAN}{HANGUL}"
_CLOSING = "\"'”’」』）)\\]》】"
_END = re.compile(
    rf"[。！？｡…]+[{_CLOSING}]*"  # Chinese: no space needed
    rf"|(?<=[{_CJK}])[.!?．]+[{_CLOSING}]*(?=[\s{_CJK}]|$)"  # 했다.환자는
    rf"|[.!?]+[{_CLOSING}]*(?=\s|$)"
    r"|\n(?=\s*[^\sa-z])|\n\s*\n"  # a line that goes on in lower case was wrapped
)
_ABBREVIATIONS = frozenset(
    "al approx ca cf dept dr e.g hosp i.e incl mr mrs ms prof pt resp sp spp st subsp u.k u.s var vs".split()  # noqa: SIM905
)
_BEFORE_NUMBER = frozenset(["fig", "figs", "no", "nos", "p", "pp", "ref", "vol"])
_INNER_MARKS = frozenset("%‰°℃+")
_PAIRS = {")": "(", "]": "[", "）": "（", "」": "「", "》": "《"}


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences, without surrounding white space; every other character is in exactly one.

    A full stop after an abbreviation, an initial or the number of a list item ends nothing.
    """
    return [span for start, end in _cut(text) if (span := _stripped(text, start, end)) is not None]


def _cut(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for found in _END.finditer(text):
        if not _inside(text, start, found):
            yield start, found.end()
            start = found.end()
    yield start, len(text)


def _inside(text: str, start: int, end: re.Match[str]) -> bool:
    """Whether this full stop stands inside a sentence that began at `start`."""
    if not end.group().startswith("."):
        return False
    following = text[end.end() : end.end() + 2].strip()[:1]
    if following.islower():
        return True
    before, word = _last_words(text[max(start, end.start() - 40) : end.start()])
    if word.isdigit():
        return len(word) < 3 and not before  # the number of a list item
    if len(word) == 1 and word.isupper():
        return before[-1:] in {"", ".", ","}  # an initial (J. R. Smith), unlike: hepatitis B.
    return word.lower() in _ABBREVIATIONS or (word.lower() in _BEFORE_NUMBER and following.isdigit())


def _last_words(text: str) -> tuple[str, str]:
    """The last word but one and the last, each empty where there is none."""
    before, word = ["", "", *text.split()][-2:]
    return before, word.lstrip("([")


def _stripped(text: str, start: int, end: int) -> tuple[int, int] | None:
    part = text[start:end]
    left = len(part) - len(part.lstrip())
    return (start + left, start + len(part.rstrip())) if part.strip() else None


def trim(text: str, start: int, end: int, analyzer: Analyzer | None = None) -> tuple[int, int]:
    """The span without punctuation at its ends and without Korean particles at its end: `amlodipine을` is `amlodipine`.

    Brackets stay where both are inside, and so do the marks of units (`7.2%`). A span of nothing else becomes empty.
    """
    start, end = _without_marks(text, start, end)
    low, high = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    line = text[low : high if high >= 0 else len(text)]
    for left, right in reversed((analyzer or plain_analyzer()).particles(line)):
        if start - low < left < end - low <= right:
            end = low + left
    return _without_marks(text, start, end)


def _without_marks(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and not text[start].isalnum() and not _paired(text, start, start, end):
        start += 1
    while start < end and not (text[end - 1].isalnum() or text[end - 1] in _INNER_MARKS):
        if _paired(text, end - 1, start, end):
            break
        end -= 1
    return start, end


def _paired(text: str, place: int, start: int, end: int) -> bool:
    """Whether the bracket at `place` has its partner in `text[start:end]`."""
    mark, span = text[place], text[start:end]
    for closing, opening in _PAIRS.items():
        if mark == closing:
            return opening in span
        if mark == opening:
            return closing in span
    return False
