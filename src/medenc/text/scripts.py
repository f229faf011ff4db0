"""Scripts: which writing system a character belongs to, and the stretches of one script in a text.

The ranges are blocks of The Unicode Standard. Only the distinctions that medical Korean, Chinese and English text needs
are made; everything else that is a letter is `other`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Bodies of regular-expression classes, so that other modules can put them together.
HANGUL = "가-힣ᄀ-ᇿㄱ-ㆎꥠ-꥿ힰ-퟿"
HAN = "一-鿿㐀-䶿豈-﫿々〇\U00020000-\U0003fffd"
KANA = "ぁ-ゖゝ-ヺー-ヿㇰ-ㇿ"
LATIN = "A-Za-zªºÀ-ÖØ-öø-ʯḀ-ỿ"
GREEK = "Ͱ-ͽͿΆΈ-Ͽἀ-῿µ"

_CLASSES = {"space": r"\s", "hangul": HANGUL, "han": HAN, "kana": KANA, "latin": LATIN, "greek": GREEK, "digit": r"\d"}
_RUN = re.compile(
    "|".join(f"(?P<{name}>[{body}]+)" for name, body in _CLASSES.items()) + r"|(?P<other>[^\W_])|(?P<mark>.)", re.S
)


def script(character: str) -> str:
    """The script of a character: hangul, han, kana, latin, greek, digit, space, other (letters) or mark (the rest)."""
    return next(runs(character))[0]


def runs(text: str) -> Iterator[tuple[str, int, int]]:
    """(script, start, end) of the maximal stretches of one script; together they cover the text."""
    previous, since, end = "", 0, 0
    for found in _RUN.finditer(text):
        if found.lastgroup != previous:
            if previous:
                yield previous, since, end
            previous, since = str(found.lastgroup), found.start()
        end = found.end()
    if previous:
        yield previous, since, end
