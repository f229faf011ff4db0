"""English words and the codes of medicine; other alphabets are cut into words and otherwise left alone.

A token is what a reader sees as one thing: `HbA1c`, `IL-6`, `7.2%`, `150/95mmHg`. Its terms depend on the token
alone, so they are worked out once for each distinct token.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.text.scripts import GREEK, HAN, HANGUL, LATIN
from medenc.text.stop_words import ENGLISH
from medenc.text.terms import Term, Terms

_LETTER = f"{LATIN}{GREEK}"
_PIECE = f"[{_LETTER}0-9]+"
TOKEN = re.compile(
    rf"{_PIECE}(?:(?:[-_']|(?<=[0-9])[.,/](?=[0-9])){_PIECE})*(?:(?<=[0-9])%)?"
    rf"|[^\W_0-9{_LETTER}{HAN}{HANGUL}]+"
)
_SEPARATOR = re.compile("[-_']")
_WORDS = re.compile(rf"[{LATIN}]+(?:[-_'][{LATIN}]+)*")
_MEASURE = re.compile(r"([0-9][0-9.,/]*)(%|[^\W\d_]+)")
_SERIES = re.compile(r"([^\W\d_]{2,})([0-9]+)")
_SUBCODE = re.compile(r"([^\W\d_]+[0-9]+)\.[0-9]+")
_LONE_GREEK = re.compile(f"(?<![{GREEK}])[α-ω](?![{GREEK}])")
_MICRO = re.compile("(?<![^0-9.])μ(?=(?:g|l|m|mol|s|u|iu)$)")
_GREEK_NAMES = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "ο": "omicron", "π": "pi",
    "ρ": "rho", "σ": "sigma", "ς": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi",
    "ω": "omega",
}  # fmt: skip
_VOWEL = re.compile("[aeiouy]")
_SILENT_E = frozenset({"in", "id", "as", "at", "os"})
_CHEMICAL = ("ine", "ide", "ase", "ate", "ose", "one", "ene", "ane", "ole", "yte", "ite", "ime")
_INVARIABLE = frozenset(
    ["aids", "caries", "diabetes", "herpes", "hras", "kras", "lens", "mers", "nras", "rabies", "sars", "scabies"]
)


class English(Plugin):
    """Words with light stems, codes whole and by their parts."""

    scripts: ClassVar[frozenset[str]] = frozenset({"latin", "greek", "digit", "kana", "other"})

    def applies(self, text: str) -> bool:
        """Whether a normalised text has anything for this language."""
        return TOKEN.search(text) is not None

    def words(self, text: str) -> list[tuple[int, int]]:
        """Spans of the tokens."""
        return [found.span() for found in TOKEN.finditer(text)]

    def particles(self, text: str) -> list[tuple[int, int]]:  # noqa: ARG002 (the contract)
        """None: words of the language stand by themselves."""
        return []

    def terms_batch(self, texts: Sequence[str]) -> list[list[Terms]]:
        """Terms of each normalised text, in reading order; a code comes whole first, then its parts."""
        return [[Terms(_forms(text), _spans(text))] for text in texts]


def _forms(text: str) -> list[str]:
    return [term.text for token in TOKEN.findall(text) for term in token_terms(token)]


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for found in TOKEN.finditer(text):
        offset = found.start()
        yield from ((offset + start, offset + end) for _, start, end in token_terms(found.group()))


@lru_cache(maxsize=1 << 17)
def token_terms(token: str) -> tuple[Term, ...]:
    """The terms of one token, with offsets into it, without repetition."""
    if token.isascii() and token.isalpha():
        return () if _stops(token) else (Term(stem(token.lower()), 0, len(token)),)
    found = list(_word_pieces(token) if _WORDS.fullmatch(token) else _code_pieces(token))
    return tuple(dict.fromkeys(term for term in found if term.text))


def _stops(word: str) -> bool:
    """Whether a word says nothing about a document; WHO, IT and US, in capitals, do."""
    return word.lower() in ENGLISH and not (len(word) > 1 and word.isupper())


def _word_pieces(token: str) -> Iterator[Term]:
    """`patient's` gives patient; `beta-blocker` gives beta, blocker and betablocker."""
    pieces = list(_pieces(token))
    if len(pieces) > 1 and "'" not in token:
        yield Term(stem(_joined(fold(token))), 0, len(token))
    for text, start in pieces:
        clitic = len(text) < 3 and start > 0 and token[start - 1] == "'"
        if not clitic and not _stops(text):
            yield Term(stem(fold(text)), start, start + len(text))


def _code_pieces(token: str) -> Iterator[Term]:
    """`COVID-19` and `COVID19` give covid19, covid, 19; `7.2%` gives 7.2%, 7.2; `E11.9` gives e11.9, e11."""
    yield Term(_joined(fold(token)), 0, len(token))
    for text, start in _pieces(token):
        yield Term(_joined(fold(text)), start, start + len(text))
        for part, place in _parts(text):
            yield Term(_joined(fold(part)), start + place, start + place + len(part))


def _parts(piece: str) -> Iterator[tuple[str, int]]:
    """What else a piece with digits is looked for by: number and unit, name and number, code without its subcode."""
    for pattern in (_MEASURE, _SERIES, _SUBCODE):
        if found := pattern.fullmatch(piece):
            yield from ((part, found.start(i)) for i, part in enumerate(found.groups(), 1) if part != "%")


def _pieces(token: str) -> Iterator[tuple[str, int]]:
    start = 0
    for text in _SEPARATOR.split(token):
        yield text, start
        start += len(text) + 1


def _joined(form: str) -> str:
    """Without the separators that writers leave out: `il-6` is il6, `1,000` is 1000; `10-20` stays a range."""
    form = re.sub(r"(?<![0-9])[-_']|[-_'](?![0-9])", "", form)
    return re.sub(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))", "", form)


@lru_cache(maxsize=1 << 12)
def fold(text: str) -> str:
    """Lower case, without accents, a Greek letter by its name (`tnf-α` is tnf-alpha), micro as u (`μg` is ug)."""
    text = text.casefold()
    if text.isascii():
        return text
    bare = "".join(mark for mark in unicodedata.normalize("NFD", text) if not unicodedata.combining(mark))
    return _LONE_GREEK.sub(lambda found: _GREEK_NAMES[found.group()], _MICRO.sub("u", bare))


def stem(word: str) -> str:
    """The light stem of a lower-case word: without plural, -ly, -ion, -ing and -ed, so that its inflections meet.

    The rules are ours and deliberately few. A final e is dropped, or put back after -ed, -ing and -ion (increase,
    increased and increasing meet), except in the endings of chemical names: amlodipine, kinase and gene stay.
    On three retrieval sets the rules score as Porter's algorithm does, which cuts drug names.
    """
    if len(word) < 4 or word in _INVARIABLE:
        return word
    word = _singular(word)
    if word.endswith("ly") and len(word) > 6:
        word = word[:-2]
    if word.endswith("ical") and len(word) > 6:
        return word[:-2]
    if word.endswith(("tion", "sion")) and len(word) >= 8:
        return _restored(word[:-3])
    base = word.removesuffix("ing") if word.endswith("ing") else word.removesuffix("ed")
    if base != word and len(base) >= 3 and not word.endswith("eed") and _VOWEL.search(base):
        return _restored(base)
    return _without_e(word)


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if word.endswith(("oses", "yses")) and len(word) > 6:  # diagnoses, analyses
        return word[:-2] + "is"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word if word[-1] != "s" or word[-2] in "sui" else word[:-1]


def _restored(base: str) -> str:
    """The verb before -ed, -ing, -ion: stopp is stop, activat is activate, treat stays."""
    if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "aeiouylsz":
        return base[:-1]
    return base + "e" if base[-2:] in _SILENT_E and base[-3] not in "aeiouy" else base


def _without_e(word: str) -> str:
    chemical = word.endswith(_CHEMICAL) and not word.endswith("ease")
    return word if len(word) < 5 or word[-1] != "e" or chemical or word[-2] in "aeiou" else word[:-1]
