"""The trilingual analyzer: text to search terms with offsets into the original text.

Each language takes the stretches of its own scripts, so a Korean particle never sticks to an English drug name.
Han and Hangul are analysed twice: into words, and into the net of characters and character pairs (`terms.is_net`),
which finds a word whatever the segmentation did. A ranking function gives the net's terms `NET_WEIGHT`.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from importlib.metadata import version as installed
from itertools import chain
from typing import Any, Protocol, Self

from medenc.core import plugins
from medenc.core.errors import MedencError
from medenc.text.normalize import Normalized, normalize
from medenc.text.scripts import HAN, HANGUL, runs
from medenc.text.terms import Term, Terms, from_rows

# Of BM25 scores and of document lengths; from 0.5 to 1 the ranking on two Chinese sets hardly changes.
NET_WEIGHT = 0.7
_REVISION = 2  # to be raised whenever the same text gives other terms
_BLOCK = 256  # texts analysed at a time: enough for kiwi's threads, few enough to die young
_LIBRARIES = ("kiwipiepy", "kiwipiepy-model", "opencc", "rjieba")
_UNSPACED = re.compile(f"[{HAN}{HANGUL}]")


class Language(Protocol):
    """What a plug-in of the kind `language` does; it is given normalised text and its offsets are into that."""

    def applies(self, text: str) -> bool:
        """Whether there is anything to analyse."""

    def words(self, text: str) -> list[tuple[int, int]]:
        """Surface spans that cover the letters of the language's scripts once, in reading order."""

    def particles(self, text: str) -> list[tuple[int, int]]:
        """Those of the words' parts that are attached to a word without belonging to it."""

    def terms_batch(self, texts: Sequence[str]) -> list[list[Terms]]:
        """Search terms of each text."""


class Analyzer:
    """Deterministic for one `version`: an index keeps the analyzer's JSON and refuses another version."""

    def __init__(self, user_words: Iterable[str] = ()) -> None:
        """`user_words` come from a terminology: those with Han or Hangul are kept whole, the longest first.

        A phrase gives its parts. Words of Latin letters and digits alone need no entry: they are never cut.
        """
        words = {part for phrase in user_words for part in _lower(normalize(phrase).text).split()}
        self.user_words = tuple(sorted(word for word in words if len(word) > 1 and _UNSPACED.search(word)))

    @cached_property
    def version(self) -> str:
        """Names all that the terms depend on: our rules, the libraries that have a part in them, the user words."""
        libraries = [f"{name}-{installed(name)}" for name in _LIBRARIES]
        words = hashlib.sha256("\n".join(self.user_words).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return " ".join([f"terms-{_REVISION}", *plugins.modules("language"), *libraries, words])

    def terms(self, text: str) -> list[Term]:
        """Search terms of any string, language by language; offsets are into `text` as given."""
        return self.terms_batch([text])[0]

    def terms_batch(self, texts: Sequence[str]) -> list[list[Term]]:
        """`terms` of each text, faster for many."""
        return [
            [Term(text, *form.span(start, end)) for part in parts for text, start, end in part.rows()]
            for form, parts in self._analyse(texts)
        ]

    def forms_batch(self, texts: Sequence[str]) -> list[list[str]]:
        """The forms of `terms_batch` without their places, which is all that an index counts: several times faster."""
        return [[*chain.from_iterable(part.forms for part in parts)] for _, parts in self._analyse(texts)]

    def words(self, text: str) -> list[Term]:
        """Surface words: every letter and digit of `text` is in exactly one; white space and punctuation in none."""
        form = normalize(text)
        spans = [span for language in self._languages for span in language.words(form.text)]
        spans += [span for part in self._crossing.terms(form.text) for span in part.spans]
        merged = _merge(form.span(*span) for span in sorted(spans))
        return [Term(text[start:end], start, end) for start, end in merged]

    def particles(self, text: str) -> list[tuple[int, int]]:
        """Spans of what is attached to words without being part of them, such as Korean particles."""
        form = normalize(text)
        spans = [span for language in self._languages for span in language.particles(form.text)]
        return [form.span(*span) for span in sorted(spans)]

    def to_json(self) -> dict[str, Any]:
        """What `from_json` needs, as plain JSON values."""
        return {"version": self.version, "user_words": list(self.user_words)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Raises: MedencError when this installation would give other terms than the one that wrote `values`."""
        analyzer = cls(values["user_words"])
        if analyzer.version != values["version"]:
            raise MedencError(
                f"terms were made by analyzer '{values['version']}', this is '{analyzer.version}'",
                hint="index the documents again, or install those versions",
            )
        return analyzer

    def _analyse(self, texts: Sequence[str]) -> Iterator[tuple[Normalized, list[Terms]]]:
        """Each text's normal form and the terms of that."""
        for low in range(0, len(texts), _BLOCK):
            forms = [normalize(text) for text in texts[low : low + _BLOCK]]
            yield from zip(forms, self._analyse_block([form.text for form in forms]), strict=True)

    def _analyse_block(self, texts: Sequence[str]) -> list[list[Terms]]:
        found = [self._crossing.terms(text) for text in texts]
        for language in self._languages:
            concerned = [i for i, text in enumerate(texts) if language.applies(text)]
            batch = language.terms_batch([texts[i] for i in concerned])
            for i, parts in zip(concerned, batch, strict=True):
                found[i] += parts
        return found

    @cached_property
    def _languages(self) -> list[Language]:
        return [self._language(name) for name in plugins.modules("language")]

    def _language(self, name: str) -> Language:
        kind: Any = plugins.find("language", name)
        if "user_words" not in kind.model_fields:
            return kind()
        return kind(user_words=tuple(word for word in self.user_words if _scripts(word) <= kind.scripts))

    @cached_property
    def _crossing(self) -> Crossing:
        return Crossing(word for word in self.user_words if len(_scripts(word)) > 1)


@cache
def plain_analyzer() -> Analyzer:
    """The analyzer without user words, one a process: its Korean part takes a second to load."""
    return Analyzer()


class Crossing:
    """Finds user words of several scripts (2型糖尿病, B형간염), which no single language sees whole.

    Such a word has a place where the script changes; only those places of a text are looked at.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for word in sorted(words, key=len, reverse=True):
            change = next(_changes(word))
            self._words[word[change - 1 : change + 1]].append((word, change))

    def terms(self, text: str) -> list[Terms]:
        """The words in normalised `text`, without overlap, the longest of those that share a change of script."""
        return [from_rows([*self._find(_lower(text))])] if self._words else []

    def _find(self, text: str) -> Iterator[Term]:
        done = 0
        for change in _changes(text):
            for word, before in self._words.get(text[change - 1 : change + 1], ()):
                start = change - before
                if start >= done and text.startswith(word, start):
                    done = start + len(word)
                    yield Term(word, start, done)
                    break


def _changes(text: str) -> Iterator[int]:
    return (start for _, start, _ in runs(text) if start)


def _scripts(word: str) -> set[str]:
    return {name for name, _, _ in runs(word)}


def _lower(text: str) -> str:
    """Lower case at unchanged length: capital I with a dot is the one letter that would become two."""
    return text.replace("İ", "I").lower()


def _merge(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Overlapping spans as one; `spans` are sorted."""
    start = end = 0
    for low, high in spans:
        if low >= end:
            if start < end:
                yield start, end
            start = low
        end = max(end, high)
    if start < end:
        yield start, end
