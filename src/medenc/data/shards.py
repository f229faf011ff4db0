"""Token shards: a corpus as memory-mapped arrays, with marks of words and terms, sentences and documents.

    00000/ids.npy        (t,)   token ids of the shard, without special tokens; uint16 or int32
    00000/marks.npy      (t,)   bits: 1 begins a word, 2 begins a term, 4 is further inside a term
    00000/sentences.npy  (s+1,) token offsets
    00000/documents.npy  (d+1,) sentence offsets
    00000/names.npy      the documents' ids as UTF-8, and their ends in names.ends.npy
    00000/rows.npy       (r, 3) first token, end, document: what a model reads at a time

The manifest of the folder says which vocabulary the ids belong to. Shards are opened when they are read, a few at a
time, for every array of an open one holds a file handle. Source of the idea: the `_ids.npy` and `_idx.npz`
of ERNIE-Health (see `ernie_pair`), whose marks are part of the ids.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Self, overload

import numpy as np

from medenc.core.artifact import open_artifact
from medenc.core.errors import MedencError
from medenc.data.strings import Strings

KIND = "shards"
WORD, TERM, INSIDE = 1, 2, 4
SPECIALS = 2  # [CLS] and [SEP] of a row
_ARRAYS = ("ids", "marks", "sentences", "documents", "rows")
_OPEN = 32  # shards held open; six files each


@dataclass(frozen=True, slots=True)
class Tokens:
    """A stretch of tokens, special tokens left out.

    `ids` (t,) int32; `word_starts` (t,) bool; `entities` (t,) uint8: 0 outside, 1 begins a term, 2 further inside.
    """

    ids: np.ndarray
    word_starts: np.ndarray
    entities: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Row:
    """What a model reads at a time; nothing is read from disk until `read`."""

    shards: Shards
    number: int
    tokens: int  # [CLS] and [SEP] included

    @property
    def id(self) -> str:
        """The document that the row begins in, and the row's place among its rows."""
        return self.shards.name(self.number)

    def read(self) -> Tokens:
        """The row's tokens."""
        return self.shards.tokens(self.number)


class Shard:
    """One part of a corpus, memory-mapped."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ids, self.marks, self.sentences, self.documents, self.rows = (_mapped(folder, n) for n in _ARRAYS)
        self.names = Strings.open(folder / "names.npy")
        ends = (self.sentences[-1], self.documents[-1] + 1, len(self.names) + 1)
        if ends != (len(self.ids), len(self.sentences), len(self.documents)) or len(self.marks) != len(self.ids):
            raise _damaged(folder, "its arrays do not fit together")

    def read(self, start: int, end: int) -> Tokens:
        """The tokens from `start` to `end`."""
        marks = np.asarray(self.marks[start:end])
        entities = np.where(marks & TERM, 1, np.where(marks & INSIDE, 2, 0)).astype(np.uint8)
        return Tokens(self.ids[start:end].astype(np.int32), (marks & WORD).astype(bool), entities)

    def breaks(self, start: int, end: int) -> np.ndarray:
        """Where documents begin inside `start` to `end`, counted from `start`."""
        low, high = np.searchsorted(self.starts, [start + 1, end])
        return self.starts[low:high] - start

    @cached_property
    def starts(self) -> np.ndarray:
        """(d + 1,) token offsets of the documents."""
        return np.asarray(self.sentences)[np.asarray(self.documents)]


class Shelf(Sequence[Shard]):
    """The shards of a folder, of which the last used are open."""

    def __init__(self, path: Path, count: int) -> None:
        self._count = count
        self._open = lru_cache(_OPEN)(lambda number: Shard(path / f"{number:05}"))

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, number: int) -> Shard: ...
    @overload
    def __getitem__(self, number: slice) -> list[Shard]: ...
    def __getitem__(self, number: int | slice) -> Shard | list[Shard]:
        if isinstance(number, slice):
            return [self[place] for place in range(*number.indices(self._count))]
        return self._open(range(self._count)[number])


class Shards(Sequence[Row]):
    """The rows of a finished corpus."""

    def __init__(self, path: Path, facts: dict[str, Any]) -> None:
        """Use `open`; `facts` are those of the manifest."""
        self.path, self.vocab_size, self.max_tokens = path, facts["vocab_size"], facts["max_tokens"]
        self._separator = facts["separator"]
        self._shards = Shelf(path, facts["shards"])
        self._ends = list(accumulate(len(shard.rows) for shard in self._shards))

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open what `medenc prepare` wrote.

        Raises: MedencError when it is something else, or an array is missing, cut off or does not fit the others.
        """
        return cls(path, open_artifact(path, KIND).manifest["shards"])

    def check_vocabulary(self, size: int) -> None:
        """Raises: MedencError when a vocabulary of `size` does not hold all ids, naming the shard."""
        for shard in self._shards:
            if len(shard.ids) and (largest := int(shard.ids.max())) >= size:
                raise MedencError(
                    f"token id {largest} is beyond the vocabulary of {size}",
                    where=shard.folder / "ids.npy",
                    hint="prepare the corpus with the model's own tokenizer",
                )

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, row: int) -> Row: ...
    @overload
    def __getitem__(self, row: slice) -> list[Row]: ...
    def __getitem__(self, row: int | slice) -> Row | list[Row]:
        if isinstance(row, slice):
            return [self[place] for place in range(*row.indices(len(self)))]
        place = range(len(self))[row]
        return Row(self, place, int(self.lengths[place]))

    def __iter__(self) -> Iterator[Row]:
        return (Row(self, place, int(tokens)) for place, tokens in enumerate(self.lengths))

    @cached_property
    def lengths(self) -> np.ndarray:
        """(rows,) int32: tokens of each row, special ones included."""
        parts = [_lengths(shard) for shard in self._shards]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)

    def tokens(self, row: int) -> Tokens:
        """The tokens of a row; where it crosses into another document stands [SEP]."""
        shard, place = self._place(row)
        start, end = (int(offset) for offset in shard.rows[place, :2])
        found = shard.read(start, end)
        breaks = shard.breaks(start, end)
        return self._separated(found, breaks) if len(breaks) else found

    def name(self, row: int) -> str:
        """The id of a row: `document:k`, k from 0 within the document that it begins in."""
        shard, place = self._place(row)
        document = int(shard.rows[place, 2])
        first = int(np.searchsorted(shard.rows[:, 2], document))
        return f"{shard.names[document]}:{place - first}"

    def counts(self) -> dict[str, int]:
        """How many words, terms and sentences there are."""
        counts = np.zeros(3, dtype=np.int64)
        for shard in self._shards:
            words, terms = (np.count_nonzero(shard.marks & bit) for bit in (WORD, TERM))
            counts += np.array([words, terms, len(shard.sentences) - 1])
        return dict(zip(("words", "terms", "sentences"), counts.tolist(), strict=True))

    @cached_property
    def documents(self) -> Documents:
        """The documents that the rows were cut from."""
        return Documents(self._shards)

    def _separated(self, found: Tokens, breaks: np.ndarray) -> Tokens:
        return Tokens(
            np.insert(found.ids, breaks, self._separator),
            np.insert(found.word_starts, breaks, True),
            np.insert(found.entities, breaks, 0),
        )

    def _place(self, row: int) -> tuple[Shard, int]:
        number = bisect_right(self._ends, row)
        return self._shards[number], row - (self._ends[number - 1] if number else 0)


class Documents:
    """The documents of a corpus, by number."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self._shards = shards
        self._ends = list(accumulate(len(shard.names) for shard in shards))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def id(self, document: int) -> str:
        """The document's id."""
        shard, place = self._place(document)
        return shard.names[place]

    def ids(self) -> Iterator[str]:
        """All ids, in order."""
        for shard in self._shards:
            yield from shard.names

    def sentences(self, document: int) -> np.ndarray:
        """(s + 1,) int64 token offsets of the document's sentences; the first is 0, the last its length."""
        shard, place = self._place(document)
        low, high = (int(offset) for offset in shard.documents[place : place + 2])
        offsets = np.asarray(shard.sentences[low : high + 1])
        return offsets - offsets[0]

    def tokens(self, document: int, start: int = 0, end: int | None = None) -> Tokens:
        """The document's tokens, or those from `start` to `end`."""
        shard, place = self._place(document)
        low, high = (int(offset) for offset in shard.starts[place : place + 2])
        return shard.read(low + start, high if end is None else min(low + end, high))

    def marks(self, document: int, start: int, end: int) -> np.ndarray:
        """The bits of the document's tokens from `start` to `end`."""
        shard, place = self._place(document)
        return np.asarray(shard.marks[int(shard.starts[place]) + start : int(shard.starts[place]) + end])

    @cached_property
    def lengths(self) -> np.ndarray:
        """(documents,) int64: tokens of each."""
        parts = [np.diff(shard.starts) for shard in self._shards]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)

    def _place(self, document: int) -> tuple[Shard, int]:
        number = bisect_right(self._ends, document)
        return self._shards[number], document - (self._ends[number - 1] if number else 0)


def _lengths(shard: Shard) -> np.ndarray:
    """(rows,) int32: each row's tokens, its special ones, and a separator for every document that begins inside."""
    start, end = np.asarray(shard.rows[:, 0]), np.asarray(shard.rows[:, 1])
    inside = np.searchsorted(shard.starts, end) - np.searchsorted(shard.starts, start, side="right")
    return (end - start + inside + SPECIALS).astype(np.int32)


def _mapped(folder: Path, name: str) -> np.ndarray:
    path = folder / f"{name}.npy"
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise _damaged(path, "it is missing") from None
    except (ValueError, EOFError, OSError) as error:
        raise _damaged(path, f"cut off or not an array: {error}") from None


def _damaged(where: Path, what: str) -> MedencError:
    return MedencError(f"a damaged shard: {what}", where=where, hint="prepare the corpus again")
