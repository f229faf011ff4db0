"""What tags stand on: words, characters or pieces of a text, in windows that the encoder can read whole."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.decoding.pieces import Pieces, pieces, plain
from medenc.text.tokens import readable

UnitKind = Literal["word", "character", "piece"]
Span = tuple[int, int]
OVERLAP = 0.25  # share of a window that the next one reads again, so that every unit has context on both sides


@dataclass(frozen=True, slots=True)
class Units:
    """The units of one text, in order."""

    spans: np.ndarray  # (n, 2) int32 characters of the original text
    ids: tuple[np.ndarray, ...]  # the pieces of each, at least one


@dataclass(frozen=True, slots=True)
class Window:
    """Units [first, last) that one sequence holds; it decides about [own_first, own_last)."""

    first: int
    last: int
    own_first: int
    own_last: int


def units(tokenizer: Tokenizer, texts: Sequence[str], given: Sequence[Sequence[Span]], kind: UnitKind) -> list[Units]:
    """The units of every text.

    Args:
        given: the spans of the data's own words or characters; where there are none the text is divided anew.
        kind: `word` takes the given spans, else the tokenizer's words; `character` takes the given spans, else the
            characters, marks that combine with one included; `piece` takes the tokenizer's pieces in any case.
    """
    if kind == "piece":
        return [_of_pieces(own) for own in pieces(tokenizer, texts)]
    if kind == "word":
        fresh = [text for text, own in zip(texts, given, strict=True) if not own]
        words = iter(_words(own) for own in pieces(tokenizer, fresh))
        spans = [own or next(words) for own in given]
    else:
        spans = [own or characters(text) for text, own in zip(texts, given, strict=True)]
    return _of_spans(tokenizer, texts, spans)


def characters(text: str) -> list[Span]:
    """The characters of a text without its white space, each with the marks and joiners that belong to it."""
    spans: list[Span] = []
    for place, character in enumerate(text):
        if spans and spans[-1][1] == place and unicodedata.category(character) in ("Mn", "Me", "Mc", "Cf"):
            spans[-1] = (spans[-1][0], place + 1)
        elif not character.isspace():
            spans.append((place, place + 1))
    return spans


def windows(sizes: Sequence[int], capacity: int) -> list[Window]:
    """Windows of at most `capacity` pieces over units of `sizes` pieces; each unit is decided where it is more central.

    A unit that is longer than the capacity is alone in its window, and cut there.
    """
    ends = np.concatenate([[0], np.cumsum(np.minimum(sizes, capacity))]).astype(np.int64)
    spans, first = [], 0
    while True:
        last = int(np.searchsorted(ends, ends[first] + capacity, side="right")) - 1
        spans.append((first, last))
        if last == len(sizes):
            break
        again = int(np.searchsorted(ends, ends[last] - int(capacity * OVERLAP)))
        first = min(max(again, first + 1), last)
    borders = [0, *((following + last) // 2 for (_, last), (following, _) in pairwise(spans)), len(sizes)]
    return [Window(*span, *own) for span, own in zip(spans, pairwise(borders), strict=True)]


def _of_pieces(own: Pieces) -> Units:
    """Pieces that share a character (the bytes of an emoji) are one unit; white space goes with the piece behind it."""
    spans: list[list[int]] = []
    ids: list[list[int]] = []
    before: list[int] = []
    for id_, (start, end) in zip(own.ids.tolist(), own.offsets.tolist(), strict=True):
        if start == end:
            before.append(id_)
            continue
        if spans and start < spans[-1][1]:
            spans[-1][1] = max(spans[-1][1], end)
        else:
            spans.append([start, end])
            ids.append([])
        ids[-1] += [*before, id_]
        before = []
    if ids:
        ids[-1] += before
    return Units(_array(spans), tuple(np.array(each, dtype=np.int32) for each in ids))


def _words(own: Pieces) -> list[Span]:
    """The tokenizer's words."""
    held = own.offsets[:, 0] < own.offsets[:, 1]  # the others are white space before a word
    offsets, words = own.offsets[held], own.words[held]
    if not len(words):
        return []
    bounds = [0, *(np.flatnonzero(np.diff(words)) + 1).tolist(), len(words)]
    return [(int(offsets[a, 0]), int(offsets[b - 1, 1])) for a, b in pairwise(bounds)]


def _of_spans(tokenizer: Tokenizer, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[Units]:
    plain(tokenizer)
    surfaces = [[readable(text[a:b]) for a, b in own] for text, own in zip(texts, spans, strict=True)]
    encodings = tokenizer.encode_batch(surfaces, is_pretokenized=True, add_special_tokens=False)
    unknown = _unknown(tokenizer)
    found = []
    for own, encoding in zip(spans, encodings, strict=True):
        ids: list[list[int]] = [[] for _ in own]
        for id_, word in zip(encoding.ids, encoding.word_ids, strict=True):
            if word is not None:
                ids[word].append(id_)
        # a unit that the tokenizer drops, such as white space, is still a place in the text
        found.append(Units(_array(own), tuple(np.array(each or [unknown], dtype=np.int32) for each in ids)))
    return found


def _unknown(tokenizer: Tokenizer) -> int:
    for name in ("[UNK]", "<unk>"):
        if (found := tokenizer.token_to_id(name)) is not None:
            return int(found)
    raise MedencError("the tokenizer has no token for what it does not know", where="tokenizer")


def _array(spans: Sequence[Sequence[int]]) -> np.ndarray:
    return np.array(spans, dtype=np.int32).reshape(-1, 2)


def windowed(own: Units, capacity: int) -> Iterator[tuple[Window, np.ndarray, np.ndarray, np.ndarray]]:
    """Every window with its pieces (n,), the characters of each (n, 2), and where each of its units begins (m,)."""
    sizes = [len(ids) for ids in own.ids]
    for window in windows(sizes, capacity):
        part = slice(window.first, window.last)
        kept = [ids[:capacity] for ids in own.ids[part]]
        lengths = np.array([len(ids) for ids in kept], dtype=np.int64)
        ids = np.concatenate([np.empty(0, np.int32), *kept])
        yield window, ids, np.repeat(own.spans[part], lengths, axis=0), np.cumsum(lengths) - lengths
