"""Scripts: which writing system a character belongs to, and the stretches of one script in a text.

The ranges are blocks of The Unicode Standard. Only the distinctions that medical Korean, Chinese and English text needs
are made; everything else that is a letter is `other`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Bodies of regular-expression classes, so that other modules can put them together.
# By code point: an ideograph typed here might be a compatibility character that looks the same.
HANGUL = r"\uac00-\ud7a3\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\ud7b0-\ud7ff"
HAN = r"\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\u3005\u3007\U00020000-\U0003fffd"
KANA = r"\u3041-\u3096\u309d\u309e\u30a1-\u30fa\u30fc-\u30fe\u31f0-\u31ff"
LATIN = r"A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u1e00-\u1eff"
GREEK = r"\u0370-\u0373\u0376-\u037d\u037f\u0386\u0388-\u03ff\u1f00-\u1fff\u00b5"

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
