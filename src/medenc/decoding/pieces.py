"""Texts as pieces with true offsets, and the special tokens that stand around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from tokenizers import Encoding, Tokenizer

from medenc.core.errors import MedencError
from medenc.text.tokens import readable


@dataclass(frozen=True, slots=True)
class Pieces:
    """The tokens of one text, special ones left out."""

    ids: np.ndarray  # (n,) int32
    offsets: np.ndarray  # (n, 2) int32: characters of the text as it was given, white space at the start left out
    words: np.ndarray  # (n,) int32: number of the word that the piece belongs to

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, part: slice) -> Pieces:
        return Pieces(self.ids[part], self.offsets[part], self.words[part])


def pieces(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Pieces]:
    """The whole of every text: nothing is cut here."""
    plain(tokenizer)
    encodings = tokenizer.encode_batch([readable(text) for text in texts], add_special_tokens=False)
    return [_pieces(encoding, text) for encoding, text in zip(encodings, texts, strict=True)]


def joined(first: Pieces, second: Pieces) -> Pieces:
    """Two texts behind each other, the offsets and words of each being its own."""
    return Pieces(
        np.concatenate([first.ids, second.ids]),
        np.concatenate([first.offsets, second.offsets]),
        np.concatenate([first.words, second.words]),
    )


def plain(tokenizer: Tokenizer) -> None:
    """Neither cut nor pad; changed only where it is not so already, because other threads may be encoding."""
    if tokenizer.truncation is not None:
        tokenizer.no_truncation()
    if tokenizer.padding is not None:
        tokenizer.no_padding()


def _pieces(encoding: Encoding, text: str) -> Pieces:
    offsets = np.array(encoding.offsets, dtype=np.int32).reshape(-1, 2)
    for place, (start, end) in enumerate(offsets):
        while start < end and text[start].isspace():  # byte-level tokenizers count the space before a word
            start += 1
        offsets[place, 0] = start
    words = np.array([-1 if word is None else word for word in encoding.word_ids], dtype=np.int32)
    return Pieces(np.array(encoding.ids, dtype=np.int32), offsets, words)


@dataclass(frozen=True)
class Frame:
    """The special tokens before, between and after the parts of a sequence, with the segment of every stretch."""

    special: tuple[np.ndarray, ...]  # one more than there are parts
    types: tuple[int, ...]  # of special[0], part, special[1], part, …

    @classmethod
    def of(cls, tokenizer: Tokenizer, *, pair: bool) -> Self:
        """What the tokenizer puts around one text, or around two."""
        plain(tokenizer)
        whole = tokenizer.encode("0", "0") if pair else tokenizer.encode("0")
        special: list[list[int]] = [[]]
        types, part = [0], 0
        before: int | None = None  # the sequence of the token before
        for id_, type_, sequence, is_special in zip(
            whole.ids, whole.type_ids, whole.sequence_ids, whole.special_tokens_mask, strict=True
        ):
            if is_special:
                special[-1].append(id_)
                types[-1] = type_
            elif sequence != before:
                part += 1
                special.append([])
                types += [type_, type_]
            before = None if is_special else sequence
        if part != 1 + pair or not special[0]:
            raise MedencError("the tokenizer adds no special tokens around texts", where="tokenizer")
        return cls(tuple(np.array(ids, dtype=np.int32) for ids in special), tuple(types))

    @property
    def size(self) -> int:
        """How many special tokens there are."""
        return sum(map(len, self.special))

    def around(self, *parts: Pieces) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`input_ids`, `type_ids` and `offsets` of a sequence of these parts."""
        stretches: list[np.ndarray] = [self.special[0]]
        spans = [_nowhere(self.special[0])]
        for part, special in zip(parts, self.special[1:], strict=True):
            stretches += [part.ids, special]
            spans += [part.offsets, _nowhere(special)]
        types = np.repeat(np.array(self.types, dtype=np.int8), [len(stretch) for stretch in stretches])
        return np.concatenate(stretches), types, np.concatenate(spans)


def longest_first(sizes: Sequence[int], room: int) -> list[int]:
    """How many pieces of each part to keep in `room`: the longest loses first, the last among equal ones."""
    kept = list(sizes)
    while sum(kept) > room:
        longest = max(range(len(kept)), key=lambda place: (kept[place], place))
        others = max((size for place, size in enumerate(kept) if place != longest), default=0)
        kept[longest] -= max(1, min(sum(kept) - room, kept[longest] - others))
    return kept


def _nowhere(special: np.ndarray) -> np.ndarray:
    return np.zeros((len(special), 2), dtype=np.int32)
