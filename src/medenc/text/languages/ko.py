"""Korean: content morphemes by kiwi, freed of particles and endings, under a net of syllables and syllable pairs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, ClassVar, NamedTuple

from medenc.core.plugins import Plugin
from medenc.text.languages.en import TOKEN
from medenc.text.scripts import HANGUL
from medenc.text.terms import Term, Terms, from_rows, net, stretches

_RUN = re.compile(f"[{HANGUL}]+")
_LINE = re.compile(f"[^\n]*[{HANGUL}][^\n]*")  # kiwi reads whole lines, for the context
_UNREADABLE = re.compile(rf"[^{HANGUL} -~\u4e00-\u9fff、。·]")
_CODE = re.compile(r"(?=.*[A-Za-z])(?=.*[^A-Za-z])")

# Part-of-speech tags of the Sejong corpus, as kiwi uses them.
_NOUN = frozenset({"NNG", "NNP", "NR", "XR", "UN", "UNK", "MAG"})
_VERB = frozenset({"VV", "VA"})
_PARTICLE = frozenset({"JKS", "JKC", "JKG", "JKO", "JKB", "JKV", "JKQ", "JX", "JC", "VCP"})
_ENDING = frozenset({"EP", "EF", "EC", "ETN", "ETM"})
# Verbs that say nothing by themselves: 하다 to do, 되다 to become, 위하다 for, 대하다 about …
_EMPTY_VERBS = frozenset(["하", "되", "있", "없", "않", "위하", "대하", "인하", "통하", "따르", "관하", "의하"])
_EMPTY_SUFFIXES = frozenset(["들", "님"])


class Morpheme(NamedTuple):
    """A morpheme: its dictionary form, tag without kiwi's suffix for irregular verbs, and span."""

    form: str
    tag: str
    start: int
    end: int


class Korean(Plugin):
    """Morphemes of Korean text; `user_words` are kept whole where the dictionary would split them."""

    scripts: ClassVar[frozenset[str]] = frozenset({"hangul"})
    user_words: tuple[str, ...] = ()

    def applies(self, text: str) -> bool:
        """Whether a normalised text has anything for this language."""
        return _RUN.search(text) is not None

    def words(self, text: str) -> list[tuple[int, int]]:
        """Spans of the morphemes, particles and endings among them; they cover every Hangul letter once."""
        return list(_partition(text, self._morphemes([text])[0]))

    def particles(self, text: str) -> list[tuple[int, int]]:
        """Spans of particles, and of the copula with its endings; a verb's endings are part of the verb."""
        return list(_tails(self._morphemes([text])[0]))

    def terms_batch(self, texts: Sequence[str]) -> list[list[Terms]]:
        """Content words and the net of each normalised text, the morphemes of all found in one call."""
        found = []
        for text, morphemes in zip(texts, self._morphemes(texts), strict=True):
            runs = stretches(_RUN, text)
            content = list(_content(text, morphemes))
            missed = self._user_terms(text, {start for start, _ in runs} | {m.start for m in morphemes}, content)
            found.append([from_rows([*content, *missed]), net(text, runs)])
        return found

    def _user_terms(self, text: str, starts: set[int], known: Sequence[Term]) -> list[Term]:
        """User words that kiwi knew and cut all the same: the longest at each of `starts` that is not in `known`."""
        if not self.user_words:
            return []
        whole = {(term.start, term.end) for term in known}
        longest = (next((w for w in self._by_initial.get(text[i], ()) if text.startswith(w, i)), "") for i in starts)
        terms = [Term(word, i, i + len(word)) for i, word in zip(starts, longest, strict=True) if word]
        return sorted((term for term in terms if (term.start, term.end) not in whole), key=itemgetter(1))

    def _morphemes(self, texts: Sequence[str]) -> list[list[Morpheme]]:
        """The Hangul morphemes of each text."""
        lines = [(i, found.start(), found.group()) for i, text in enumerate(texts) for found in _LINE.finditer(text)]
        result: list[list[Morpheme]] = [[] for _ in texts]
        analysed = self._kiwi.tokenize([_readable(line) for _, _, line in lines]) if lines else ()
        for (i, offset, line), tokens in zip(lines, analysed, strict=True):
            result[i] += _hangul_only(tokens, line, offset)
        return result

    @cached_property
    def _by_initial(self) -> dict[str, list[str]]:
        """User words by their first syllable, the longest first."""
        words: dict[str, list[str]] = {}
        for word in sorted(self.user_words, key=len, reverse=True):
            words.setdefault(word[0], []).append(word)
        return words

    @cached_property
    def _kiwi(self) -> Any:
        from kiwipiepy import Kiwi  # more than a second and 100 MB: only for Hangul

        # Without the dictionaries of multi-word names and of misspellings it starts in a third of the time, and gives
        # the parts of names, which is what a search wants.
        kiwi = Kiwi(load_multi_dict=False, load_typo_dict=False)
        for word in sorted(self.user_words):
            kiwi.add_user_word(word, "NNP")
        return kiwi


def _readable(line: str) -> str:
    """The line for kiwi, offsets unmoved: codes as plain letters, and unknown characters as spaces."""
    line = TOKEN.sub(lambda found: "X" * len(found.group()) if _CODE.match(found.group()) else found.group(), line)
    return _UNREADABLE.sub(" ", line)


def _hangul_only(tokens: Iterable[Any], line: str, offset: int) -> Iterator[Morpheme]:
    for token in tokens:
        if _RUN.match(line, token.start) or token.start == token.end:
            tag = token.tag.partition("-")[0]
            yield Morpheme(token.form, tag, offset + token.start, offset + token.end)


def _content(text: str, morphemes: Sequence[Morpheme]) -> Iterator[Term]:
    """Nouns, alone and with what derives another noun from them; verbs in dictionary form."""
    for i, this in enumerate(morphemes):
        if this.tag in _NOUN:
            yield from (_noun(text, start, end) for start, end in _derived(morphemes, i))
        elif this.tag in _VERB and this.form not in _EMPTY_VERBS:
            yield Term(this.form + "다", this.start, this.end)


def _noun(text: str, start: int, end: int) -> Term:
    return Term("".join(text[start:end].split()), start, end)


def _derived(morphemes: Sequence[Morpheme], i: int) -> Iterator[tuple[int, int]]:
    """Spans of noun `i`: alone, with the prefix that touches it (고+혈압), with the suffix too (당뇨병+성)."""
    start, end = morphemes[i].start, morphemes[i].end
    yield start, end
    if i and morphemes[i - 1].tag == "XPN" and morphemes[i - 1].end == start:
        start = morphemes[i - 1].start
        yield start, end
    following = morphemes[i + 1] if i + 1 < len(morphemes) else None
    if following and following.tag == "XSN" and following.start == end and following.form not in _EMPTY_SUFFIXES:
        yield start, following.end


def _partition(text: str, morphemes: Sequence[Morpheme]) -> Iterator[tuple[int, int]]:
    """Cut each Hangul stretch where a morpheme begins; contracted (함 = 하 + ㅁ) and derived ones stay one word."""
    cuts = {m.start for m in morphemes if m.start < m.end and m.tag != "XSN"}
    cuts -= {m.end for m in morphemes if m.tag == "XPN"}
    for run in _RUN.finditer(text):
        start = run.start()
        for cut in range(start + 1, run.end()):
            if cut in cuts:
                yield start, cut
                start = cut
        yield start, run.end()


def _tails(morphemes: Sequence[Morpheme]) -> Iterator[tuple[int, int]]:
    previous_end = -1
    for this in morphemes:
        if this.tag in _PARTICLE or (this.tag in _ENDING and this.start <= previous_end):
            previous_end = this.end
            if this.start < this.end:
                yield this.start, this.end
