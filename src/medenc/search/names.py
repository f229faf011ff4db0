"""The names of a dictionary as arrays: which concepts a spelling stands for, and what differs only in writing.

A *form* is a spelling without case, width, Jamo composition and repeated spaces; names with one form share one vector
and one row of every other array. Its *key* leaves out hyphens and spaces too, so that `IL-6` finds `il 6`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from medenc.core.errors import MedencError
from medenc.data.records import Name
from medenc.search.ragged import Ragged, bounds, from_texts
from medenc.text.languages.en import fold
from medenc.text.normalize import normalize

NO_CONCEPT = "cui-less"  # what corpora write for a mention without a concept; it is no name of anything
_SEPARATORS = re.compile(r"(?<!\d)[\s\-_'·]+|[\s\-_'·]+(?!\d)")  # between digits they are part of the number


def form(term: str) -> str:
    """A spelling in its normal form: width, Jamo, case and spaces folded."""
    return " ".join(normalize(term).text.split()).casefold()


def key(form: str) -> str:
    """What spellings of one name have in common: no accents, hyphens and spaces, Greek letters by name."""
    return _SEPARATORS.sub("", fold(form)) or form


@dataclass(frozen=True)
class Names:
    """Columns of n names, in dictionary order, with m concepts and f forms, both numbered by first appearance."""

    terms: Ragged  # n rows, UTF-8
    concepts: Ragged  # m rows, UTF-8
    languages: Ragged  # UTF-8, each once
    concept: np.ndarray  # (n,) int32
    language: np.ndarray  # (n,) uint8
    members: Ragged  # f rows: the names of each form, int32, ascending
    keys: np.ndarray  # (f,) uint64, ascending: digests of the keys
    key_form: np.ndarray  # (f,) int32: the form of each digest

    def __len__(self) -> int:
        return len(self.terms)

    def concept_id(self, name: int) -> str:
        """The concept that a name stands for; several ids may be joined by `|`."""
        return self.concepts.text(int(self.concept[name]))

    def form(self, number: int) -> str:
        """The text of a form."""
        return form(self.spelling(number))

    def spelling(self, number: int) -> str:
        """How the first name of a form is written."""
        return self.terms.text(int(self.members[number][0]))

    def exact(self, mention: str) -> np.ndarray:
        """Forms with the key of `mention`, ascending."""
        wanted = key(form(mention))
        low, high = (np.searchsorted(self.keys, np.uint64(digest(wanted)), side) for side in ("left", "right"))
        same = [int(number) for number in self.key_form[low:high] if key(self.form(int(number))) == wanted]
        return np.array(sorted(same), dtype=np.int64)


def collect(names: Iterable[Name]) -> Names:
    """The arrays of a dictionary. Repeated names stay; `cui-less` and names of nothing but spaces are left out.

    Raises: MedencError when nothing is left.
    """
    terms, concept, language = list[str](), list[int](), list[int]()
    concepts, languages, forms = dict[str, int](), dict[str, int](), dict[str, int]()
    form_of = list[int]()
    for name in names:
        spelled = form(name.term)
        if not spelled or name.concept_id.lower() == NO_CONCEPT:
            continue
        terms.append(name.term)
        concept.append(concepts.setdefault(name.concept_id, len(concepts)))
        language.append(languages.setdefault(name.language, len(languages)))
        form_of.append(forms.setdefault(spelled, len(forms)))
    if not terms:
        raise MedencError("no name to link to", where="dictionary")
    keys = np.array([digest(key(spelled)) for spelled in forms], dtype=np.uint64)
    order = np.argsort(keys, kind="stable")
    return Names(
        terms=from_texts(terms),
        concepts=from_texts(concepts),
        languages=from_texts(languages),
        concept=np.array(concept, np.int32),
        language=np.array(language, np.uint8),
        members=grouped(np.array(form_of, np.int64), len(forms)),
        keys=keys[order],
        key_form=order.astype(np.int32),
    )


def grouped(owner: np.ndarray, n: int) -> Ragged:
    """For each of `n` owners the places (ascending, int32) where it stands in `owner`."""
    return Ragged(np.argsort(owner, kind="stable").astype(np.int32), bounds(np.bincount(owner, minlength=n)))


def digest(text: str) -> int:
    """64 bits that stand for a text in a sorted array."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
