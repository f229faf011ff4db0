"""Long texts to token ids by table: what a BERT-style tokenizer gives, several times faster.

A Chinese character or a mark of punctuation is a token whatever stands beside it, so its id is looked up. What is left
are runs between those and white space, mostly words of spaced scripts; each is given to the tokenizer once. Which
characters stand alone is found by asking the tokenizer, so the ids are its own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from tokenizers import Encoding, Tokenizer

from medenc.core.errors import MedencError
from medenc.text.code_points import BMP, SIZE, codes, has
from medenc.text.scripts import HAN
from medenc.text.tokens import readable

_RUN, _SPACE, _ALONE = range(3)
_KEPT = 1 << 19  # runs whose pieces are remembered; some 200 MB at most
_PROBE = "a"


@dataclass(frozen=True, slots=True)
class Pieces:
    """Tokens of a text in order: ids, character spans, and whether each begins a word for the tokenizer."""

    ids: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    fresh: np.ndarray


class Cutter:
    """Cuts texts as one tokenizer does, special tokens in the text taken as text."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Raises: MedencError for a tokenizer that is not of BERT's kind: there a word depends on what is beside it."""
        _must_be_plain(tokenizer)
        tokenizer.encode_special_tokens = True
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._kinds, self._ids = _tables(tokenizer)
        if self._kinds[0x20] != _SPACE:
            raise MedencError("expected a tokenizer that splits at spaces, as BERT's does", where="tokenizer")
        self._joins = _joining()
        self._known = _Known()

    def cut(self, text: str) -> Pieces:
        """The tokens of any text."""
        text = readable(text)
        points = codes(text)
        kinds = self._kinds[points]
        joined = np.flatnonzero(self._joins[points[1:]])
        kinds[joined] = np.where(kinds[joined] == _ALONE, _RUN, kinds[joined])
        alone = np.flatnonzero(kinds == _ALONE)
        starts, ends = _stretches(kinds == _RUN)
        numbers = self._numbers([text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)])
        return self._merge(points, alone, starts, numbers)

    def _merge(self, points: np.ndarray, alone: np.ndarray, runs: np.ndarray, numbers: np.ndarray) -> Pieces:
        """Tokens that stand alone and pieces of runs, in the order of the text."""
        known = self._known
        count = np.zeros(len(points) + 1, dtype=np.int64)
        count[alone + 1] = 1
        count[runs + 1] = sizes = known.sizes[numbers]
        place = np.cumsum(count)
        ids, starts, ends = (np.empty(place[-1], dtype=np.int64) for _ in range(3))
        fresh = np.ones(place[-1], dtype=bool)
        at = place[alone]
        ids[at], starts[at], ends[at] = self._ids[points[alone]], alone, alone + 1
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        at = np.repeat(place[runs], sizes) + within
        source = np.repeat(known.offsets[numbers], sizes) + within
        base = np.repeat(runs, sizes)
        ids[at], starts[at], ends[at] = known.ids[source], base + known.starts[source], base + known.ends[source]
        fresh[at] = known.fresh[source]
        return Pieces(ids, starts, ends, fresh)

    def _numbers(self, words: list[str]) -> np.ndarray:
        """The number under which the pieces of each run are known."""
        if len(self._known.numbers) > _KEPT:
            self._known = _Known()
        known = self._known.numbers
        if new := [*{word: None for word in words if word not in known}]:
            self._known.add(new, self._tokenizer.encode_batch(new, add_special_tokens=False))
        return np.fromiter(map(known.__getitem__, words), dtype=np.int64, count=len(words))


class _Known:
    """Pieces of runs seen so far, in columns."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.sizes, self.offsets, self.ids, self.starts, self.ends = (np.zeros(0, dtype=np.int64) for _ in range(5))
        self.fresh = np.zeros(0, dtype=bool)

    def add(self, words: list[str], encodings: list[Encoding]) -> None:
        """Remember the pieces of new words."""
        for word in words:
            self.numbers[word] = len(self.numbers)
        sizes = np.array([len(e.ids) for e in encodings], dtype=np.int64)
        self.offsets = np.append(self.offsets, len(self.ids) + np.cumsum(sizes) - sizes)
        self.sizes = np.append(self.sizes, sizes)
        self.ids = np.append(self.ids, [i for e in encodings for i in e.ids]).astype(np.int64)
        spans = np.array([span for e in encodings for span in e.offsets], dtype=np.int64).reshape(-1, 2)
        self.starts, self.ends = np.append(self.starts, spans[:, 0]), np.append(self.ends, spans[:, 1])
        self.fresh = np.append(self.fresh, [new for e in encodings for new in _fresh(e.word_ids)]).astype(bool)


def _fresh(words: list[int | None]) -> Iterator[bool]:
    return (word is None or place == 0 or word != words[place - 1] for place, word in enumerate(words))


def _stretches(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends of the stretches where `mask` is true."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    return edges[::2], edges[1::2]


def _tables(tokenizer: Tokenizer) -> tuple[np.ndarray, np.ndarray]:
    """For each character its kind and, where it stands alone, its id."""
    kinds, ids = np.zeros(SIZE, dtype=np.uint8), np.zeros(SIZE, dtype=np.int64)
    candidates = [chr(code) for code in BMP if has(HAN)[code] or unicodedata.category(chr(code))[0] in "PSZ"]
    candidates += "\t\n\r"
    encodings = tokenizer.encode_batch(candidates, add_special_tokens=False)
    for character, encoding in zip(candidates, encodings, strict=True):
        between = _between(tokenizer, character)
        if between == 0 and not encoding.ids:
            kinds[ord(character)] = _SPACE
        elif between == 1 and len(encoding.ids) == 1:
            kinds[ord(character)], ids[ord(character)] = _ALONE, encoding.ids[0]
    return kinds, ids


def _between(tokenizer: Tokenizer, character: str) -> int:
    """How many words a character makes between two letters; -1 when it joins one of them."""
    text = f"{_PROBE}{character}{_PROBE}"
    normal = tokenizer.normalizer.normalize_str(text) if tokenizer.normalizer else text
    words = [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal)]
    return len(words) - 2 if len(words) > 1 and words[0] == words[-1] == _PROBE else -1


@cache
def _joining() -> np.ndarray:
    """(SIZE,) bool: characters that may become one with the character before them."""
    categories = (unicodedata.category(chr(code))[0] for code in range(SIZE))
    return np.fromiter((category == "M" for category in categories), dtype=bool, count=SIZE)


def _must_be_plain(tokenizer: Tokenizer) -> None:
    if tokenizer.pre_tokenizer is None:
        raise MedencError("expected a tokenizer that splits at spaces, as BERT's does", where="tokenizer")
    if added := [token.content for token in tokenizer.get_added_tokens_decoder().values() if not token.special]:
        raise MedencError(
            f"{len(added)} added tokens are not part of the vocabulary proper",
            where="tokenizer",
            hint="extend the vocabulary of the model instead",
        )
