"""ERNIE-Health's corpus: `<prefix>_ids.npy`, all ids in one array, and `<prefix>_idx.npz`, the lengths of the samples.

A Chinese character that is not the first of its word has an id of its own, the size of the vocabulary plus its place in
U+4E00 to U+9FA5; pieces that begin with `##` keep their ids and are no beginnings either. Terms are not marked.
Source: `preprocess.py` and `dataset.py` of PaddleNLP's ernie-health. We differ where those are wrong: the type of the
array allows for the extended ids, and only those are mapped back.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.data.shards import SPECIALS, Shards, Tokens

FIRST, LAST = 0x4E00, 0x9FA5
EXTENSION = LAST - FIRST + 1


class ErniePair:
    """The samples of a pair; `prefix` is the path without `_ids.npy`."""

    def __init__(self, prefix: Path, tokenizer: Tokenizer) -> None:
        """Memory-map the ids.

        Raises: MedencError when a file is missing or cut off, or an id is beyond the vocabulary and its extension.
        """
        self.prefix, self.vocab_size = prefix, tokenizer.get_vocab_size()
        self._ids, lengths = _read(prefix)
        self._ends = np.cumsum(lengths, dtype=np.int64)
        self._original = _original(tokenizer)
        if len(self._ids) and (largest := int(self._ids.max())) >= len(self._original):
            raise MedencError(
                f"id {largest} is beyond the vocabulary of {self.vocab_size} and its {EXTENSION} extended ids",
                where=_paths(prefix)[0],
                hint="read the pair with the tokenizer that it was made with",
            )
        self._begins = _begins(tokenizer)

    @classmethod
    def open(cls, prefix: Path, tokenizer: Path) -> Self:
        """With the tokenizer in a folder."""
        return cls(prefix, Tokenizer.from_file(str(tokenizer / "tokenizer.json")))

    def __len__(self) -> int:
        return len(self._ends)

    def tokens(self, row: int) -> Tokens:
        """The sample's tokens, extended ids mapped back."""
        stored = np.asarray(self._ids[slice(*self._span(row))]).astype(np.int64)
        starts = self._begins[stored]
        return Tokens(self._original[stored].astype(np.int32), starts, np.zeros(len(stored), dtype=np.uint8))

    def _span(self, row: int) -> tuple[int, int]:
        return int(self._ends[row - 1]) if row else 0, int(self._ends[row])


def write(prefix: Path, shards: Shards, tokenizer: Tokenizer) -> None:
    """Write the rows of shards as a pair, one sample a row; terms count as nothing but words."""
    vocabulary = tokenizer.get_vocab_size()
    lengths = (shards.lengths - SPECIALS).astype(np.int32)
    ids_path, lengths_path = _paths(prefix)
    kind = np.uint16 if vocabulary + EXTENSION <= 1 << 16 else np.int32
    ids = np.lib.format.open_memmap(ids_path, mode="w+", dtype=kind, shape=(int(lengths.sum()),))
    extended, start = _extended(tokenizer), 0
    for row in range(len(shards)):
        found = shards.tokens(row)
        stored = np.where(found.word_starts, found.ids, extended[found.ids])
        ids[start : start + len(stored)] = stored
        start += len(stored)
    ids.flush()
    np.savez(lengths_path, lens=lengths)


def _read(prefix: Path) -> tuple[np.ndarray, np.ndarray]:
    ids_path, lengths_path = _paths(prefix)
    path = ids_path
    try:
        ids = np.load(ids_path, mmap_mode="r", allow_pickle=False)
        path = lengths_path
        with np.load(lengths_path, allow_pickle=False) as arrays:
            lengths = arrays["lens"]
    except FileNotFoundError:
        raise MedencError("no such file", where=path, hint="both files of the pair are needed") from None
    except (KeyError, ValueError, EOFError, OSError) as error:
        raise MedencError(f"cut off, or no file of ERNIE-Health's: {error}", where=path) from None
    if lengths.sum() != len(ids):
        raise MedencError(f"{len(ids)} ids, but samples of {lengths.sum()}", where=path)
    return ids, lengths


def _characters(tokenizer: Tokenizer) -> Iterator[tuple[int, int]]:
    """Code points of the characters that can be extended, and their ids."""
    vocabulary = tokenizer.get_vocab()
    return ((code, vocabulary[chr(code)]) for code in range(FIRST, LAST + 1) if chr(code) in vocabulary)


def _original(tokenizer: Tokenizer) -> np.ndarray:
    """(vocabulary + EXTENSION,) the id of the vocabulary that each stored id stands for."""
    size = tokenizer.get_vocab_size()
    unknown = tokenizer.token_to_id("[UNK]") or 0
    table = np.concatenate([np.arange(size), np.full(EXTENSION, unknown)])
    for code, id_ in _characters(tokenizer):
        table[size + code - FIRST] = id_
    return table


def _extended(tokenizer: Tokenizer) -> np.ndarray:
    """(vocabulary,) the stored id of each token inside a word."""
    table = np.arange(tokenizer.get_vocab_size())
    for code, id_ in _characters(tokenizer):
        table[id_] = len(table) + code - FIRST
    return table


def _begins(tokenizer: Tokenizer) -> np.ndarray:
    """(vocabulary + EXTENSION,) bool: whether a stored id begins a word."""
    size = tokenizer.get_vocab_size()
    table = np.arange(size + EXTENSION) < size
    table[[id_ for piece, id_ in tokenizer.get_vocab().items() if piece.startswith("##")]] = False
    return table


def _paths(prefix: Path) -> tuple[Path, Path]:
    return prefix.with_name(f"{prefix.name}_ids.npy"), prefix.with_name(f"{prefix.name}_idx.npz")
