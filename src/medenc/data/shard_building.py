"""Documents to the arrays of a shard: tokens by table, marks of words and terms, sentences."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import ClassVar, overload

import numpy as np
from tokenizers import Tokenizer

from medenc.data.corpus import Document
from medenc.data.shards import INSIDE, TERM, WORD
from medenc.data.strings import Strings
from medenc.text.code_points import codes
from medenc.text.entities import EntityFinder
from medenc.text.pieces import Cutter, Pieces
from medenc.text.tokens import readable
from medenc.text.windows import sentences
from medenc.text.word_marks import WordMarker

_BLOCK = 1 << 15  # characters at a time: the arrays of a block stay in the processor's cache
_BETWEEN = "\n\n"  # no term has two white spaces in a row, so none is found across documents


@dataclass
class Part:
    """What becomes a shard when it is known which of its documents are kept.

    `keys` (d, 4) uint64: digests of each document's id and content; `targets` the ids that documents link to, with
    their digests `target_keys` (l, 2), those of document i ending at `target_ends[i]`. The others are a shard's.
    """

    ids: np.ndarray
    marks: np.ndarray
    sentences: np.ndarray
    documents: np.ndarray
    names: Strings
    keys: np.ndarray
    targets: Strings
    target_keys: np.ndarray
    target_ends: np.ndarray

    _ARRAYS: ClassVar = ("ids", "marks", "sentences", "documents", "keys", "target_keys", "target_ends")

    def save(self, folder: Path) -> None:
        """Write the arrays into an existing folder."""
        for name in self._ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name))
        self.names.save(folder / "names.npy")
        self.targets.save(folder / "targets.npy")

    @classmethod
    def open(cls, folder: Path) -> Part:
        """Memory-map what `save` wrote."""
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in cls._ARRAYS}
        names, targets = (Strings.open(folder / f"{name}.npy") for name in ("names", "targets"))
        return cls(names=names, targets=targets, **arrays)

    def select(self, kept: np.ndarray) -> tuple[dict[str, np.ndarray], Strings]:
        """The arrays and names of a shard with only those documents where the (d,) mask is true."""
        if kept.all():
            return {name: np.asarray(getattr(self, name)) for name in self._ARRAYS[:4]}, self.names
        sizes = np.diff(self.documents)
        keep_sentences = np.repeat(kept, sizes)
        lengths = np.diff(self.sentences)
        keep_tokens = np.repeat(keep_sentences, lengths)
        arrays = {
            "ids": self.ids[keep_tokens],
            "marks": self.marks[keep_tokens],
            "sentences": np.append(0, np.cumsum(lengths[keep_sentences])),
            "documents": np.append(0, np.cumsum(sizes[kept])),
        }
        return arrays, self.names.select(kept)


class Parts(Sequence[Part]):
    """Parts in their folders; one is open no longer than somebody holds it."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    def __len__(self) -> int:
        return len(self._folders)

    @overload
    def __getitem__(self, number: int) -> Part: ...
    @overload
    def __getitem__(self, number: slice) -> Parts: ...
    def __getitem__(self, number: int | slice) -> Part | Parts:
        return Parts(self._folders[number]) if isinstance(number, slice) else Part.open(self._folders[number])


class Builder:
    """Builds parts with one tokenizer and one terminology; made once in every process."""

    def __init__(self, tokenizer: Tokenizer, terms: Sequence[str], *, morphemes: bool) -> None:
        self._cutter = Cutter(tokenizer)
        self._words = WordMarker(terms, morphemes=morphemes)
        self._entities = EntityFinder(terms)
        self._type = id_type(tokenizer.get_vocab_size())

    def part(self, documents: Iterable[Document]) -> tuple[Part, int]:
        """The part made of the documents that have a token, and how many have none."""
        kept: list[Document] = []
        pieces: list[tuple[np.ndarray, ...]] = []
        read = 0
        for block in _blocks(documents):
            ids, marks, sentence_starts, document_starts = self._block(block)
            lengths = np.diff(document_starts)
            read += len(block)
            kept += [document for document, length in zip(block, lengths.tolist(), strict=True) if length]
            pieces.append((ids.astype(self._type), marks, sentence_starts, document_starts[:-1][lengths > 0]))
        return self._joined(pieces, kept), read - len(kept)

    def _block(self, block: Sequence[Document]) -> tuple[np.ndarray, ...]:
        """Ids, marks, token offsets of the sentences, and (d + 1,) of the documents."""
        texts = [readable(_content(document)) for document in block]
        begins = np.array([0, *accumulate(len(text) + len(_BETWEEN) for text in texts)])
        text = _BETWEEN.join(texts)
        points, pieces = codes(text), self._cutter.cut(text)
        starts = [int(begin) + s for begin, d in zip(begins, block, strict=False) for s in _sentence_starts(d)]
        at = np.searchsorted(pieces.starts, begins)
        sentence_starts = np.union1d(np.searchsorted(pieces.starts, starts), at)
        return pieces.ids, self._marks(points, pieces), sentence_starts[sentence_starts < len(pieces.ids)], at

    def _marks(self, points: np.ndarray, pieces: Pieces) -> np.ndarray:
        """(t,) the bits of each token."""
        marks = np.where(self._words.mark(points, pieces.starts, pieces.fresh), WORD, 0).astype(np.uint8)
        spans = self._entities.spans(points)
        first = np.searchsorted(pieces.ends, spans[:, 0], side="right")
        after = np.searchsorted(pieces.starts, spans[:, 1])
        depth = np.zeros(len(marks) + 1, dtype=np.int64)
        np.add.at(depth, first, 1)
        np.add.at(depth, after, -1)
        marks[np.cumsum(depth[:-1]) > 0] |= INSIDE
        begins = first[first < after]
        marks[begins] = (marks[begins] | TERM) & ~np.uint8(INSIDE)
        return marks

    def _joined(self, pieces: Sequence[tuple[np.ndarray, ...]], kept: Sequence[Document]) -> Part:
        bases = [0, *accumulate(len(ids) for ids, *_ in pieces)]
        ids, marks = (_concatenated([piece[place] for piece in pieces]) for place in (0, 1))
        sentence_starts, document_starts = (
            _concatenated([piece[place] + base for piece, base in zip(pieces, bases, strict=False)]) for place in (2, 3)
        )
        offsets = np.append(sentence_starts, bases[-1])
        targets = [link for document in kept for link in document.links]
        return Part(
            ids=ids.astype(self._type),  # also where there is no piece
            marks=marks.astype(np.uint8),
            sentences=offsets,
            documents=np.searchsorted(offsets, np.append(document_starts, bases[-1])),
            names=Strings.of(document.id for document in kept),
            keys=np.array([_keys(document) for document in kept], dtype=np.uint64).reshape(-1, 4),
            targets=Strings.of(targets),
            target_keys=np.array([key(target) for target in targets], dtype=np.uint64).reshape(-1, 2),
            target_ends=np.cumsum([len(document.links) for document in kept], dtype=np.int64),
        )


def id_type(vocab_size: int) -> type[np.uint16] | type[np.int32]:
    """The smallest type that holds every id."""
    return np.uint16 if vocab_size <= 1 << 16 else np.int32


def key(text: str) -> tuple[int, int]:
    """128 bits that stand for a text."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


def _keys(document: Document) -> tuple[int, int, int, int]:
    return (*key(document.id), *key(_content(document)))


def _content(document: Document) -> str:
    return f"{document.title}\n{document.text}" if document.title else document.text


def _sentence_starts(document: Document) -> Iterator[int]:
    """Where sentences begin in the content; what follows the title begins one."""
    base = len(document.title) + 1 if document.title else 0
    yield 0
    yield from (base + start for start, _ in sentences(document.text))


def _blocks(documents: Iterable[Document]) -> Iterator[list[Document]]:
    block, size = [], 0
    for document in documents:
        block.append(document)
        size += len(document.title) + len(document.text)
        if size >= _BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block


def _concatenated(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)
