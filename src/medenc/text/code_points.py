"""Text as an array of code points, and properties of characters as tables to look up in."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import numpy as np

from medenc.text.normalize import normalize
from medenc.text.scripts import HAN, HANGUL

SIZE = 0x110000
BMP = range(0x10000)  # what is beyond it is so rare that no table says anything about it


def codes(text: str) -> np.ndarray:
    """(characters,) uint32."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def text_of(codes: np.ndarray) -> str:
    """The inverse of `codes`."""
    return codes.astype("<u4", copy=False).tobytes().decode("utf-32-le", "surrogatepass")


@cache
def has(body: str) -> np.ndarray:
    """(SIZE,) bool: which characters the regular-expression class `[body]` matches."""
    table = np.zeros(SIZE, dtype=bool)
    whole = "".join(map(chr, range(SIZE)))
    for found in re.finditer(f"[{body}]+", whole):
        table[slice(*found.span())] = True
    return table


@cache
def spaced() -> np.ndarray:
    """(SIZE,) uint8: the letters of scripts in which words are set apart: 1 Latin and others, 2 Hangul, 0 the rest."""
    table = (has(r"^\W_") & ~has(HAN)).astype(np.uint8)
    table[has(HANGUL)] = 2
    return table


@cache
def folded() -> np.ndarray:
    """(SIZE,) uint32: the normal form of each character in lower case, where that is one character; any space is " ".

    It leaves all places as they are, unlike `normalize`, and so does not compose what several characters make together.
    """
    table = np.arange(SIZE, dtype=np.uint32)
    for code in BMP:
        character = chr(code)
        form = character if 0xD800 <= code < 0xE000 or 0xAC00 <= code < 0xD7A4 else normalize(character).text.lower()
        if len(form) == 1 and not unicodedata.combining(form):
            table[code] = 0x20 if form.isspace() else ord(form)
    return table
