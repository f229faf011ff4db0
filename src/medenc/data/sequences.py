"""Rows that a model is pre-trained on, from texts or from token shards, and the padded batch that they make."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, overload

import numpy as np
from tokenizers import Encoding, Tokenizer

from medenc.core.artifact import open_artifact
from medenc.core.errors import MedencError
from medenc.data.records import Passage
from medenc.data.shards import KIND, SPECIALS, Row, Tokens
from medenc.text.code_points import codes
from medenc.text.tokens import readable
from medenc.text.word_marks import WordMarker


class Words(Protocol):
    """What is asked of a tokenizer of transformers."""

    backend_tokenizer: Tokenizer
    all_special_ids: list[int]
    pad_token_id: int
    cls_token_id: int
    sep_token_id: int
    mask_token_id: int

    def __len__(self) -> int:
        """The size of the vocabulary."""
        ...


class AnyRow(Protocol):
    """A row of texts or of shards."""

    @property
    def id(self) -> str:
        """What an error message calls it."""
        ...

    @property
    def number(self) -> int:
        """Names the row where random choices are drawn for it."""
        ...

    @property
    def tokens(self) -> int:
        """Special tokens included."""
        ...

    def read(self) -> Tokens:
        """Its tokens without special ones."""
        ...


@dataclass(frozen=True, slots=True)
class TextRow:
    """A text, or a part of one that is too long to be read at a time."""

    id: str
    number: int
    content: Tokens

    @property
    def tokens(self) -> int:
        """[CLS] and [SEP] included."""
        return len(self.content) + SPECIALS

    def read(self) -> Tokens:
        """The tokens."""
        return self.content


class ShardRows(Sequence[Row]):
    """Rows of shards, which are not read to know their lengths or to tell them from others."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self.lengths = [row.tokens for row in rows]

    @property
    def fingerprint(self) -> str:
        """Names the rows by their place in the contents of their shards."""
        found, contents = hashlib.sha256(), dict[Path, str]()
        for row in self._rows:
            path = row.shards.path
            contents[path] = contents.get(path) or open_artifact(path, KIND).content
            found.update(f"{contents[path]} {row.number};".encode())
        return found.hexdigest()

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        return self._rows[place]


@dataclass(frozen=True)
class Batch:
    """Padded rows, every array (rows, tokens).

    `word_starts` and `entities` as in `Tokens`; special tokens and padding are words of their own and `special`.
    """

    input_ids: np.ndarray
    attention_mask: np.ndarray
    token_type_ids: np.ndarray
    word_starts: np.ndarray
    entities: np.ndarray
    special: np.ndarray


def sequences(
    records: Iterable[Any], tokenizer: Words, max_tokens: int, where: str
) -> tuple[Sequence[AnyRow], dict[str, Any]]:
    """Rows of at most `max_tokens` tokens, and what was counted on the way; a longer text gives several.

    Args:
        records: rows of shards, or passages.
        tokenizer: of the model; shards were made with it.
        max_tokens: special tokens included.
        where: names the objective in messages.

    Raises: MedencError for other records, for shards of longer rows or of another vocabulary.
    """
    found = list(records)
    if found and all(isinstance(record, Row) for record in found):
        return _shard_rows(found, tokenizer, max_tokens, where)
    texts = [_content(record, where) for record in found]
    rows = list(_text_rows(found, texts, tokenizer, max_tokens - SPECIALS))
    return rows, {"texts": len(found), "rows": len(rows), "tokens": sum(row.tokens for row in rows)}


def assemble(rows: Sequence[Sequence[Tokens]], tokenizer: Words) -> Batch:
    """The padded batch of rows of one or two stretches: [CLS] a [SEP], or [CLS] a [SEP] b [SEP]."""
    ids = [_joined([part.ids for part in row], tokenizer.cls_token_id, tokenizer.sep_token_id) for row in rows]
    shape = (len(rows), max(len(row) for row in ids))
    batch = Batch(
        np.full(shape, tokenizer.pad_token_id, dtype=np.int64),
        np.zeros(shape, dtype=np.int64),
        np.zeros(shape, dtype=np.int64),
        np.ones(shape, dtype=bool),
        np.zeros(shape, dtype=np.uint8),
        np.ones(shape, dtype=bool),
    )
    for place, (row, joined) in enumerate(zip(rows, ids, strict=True)):
        length = len(joined)
        batch.input_ids[place, :length] = joined
        batch.attention_mask[place, :length] = 1
        batch.word_starts[place, :length] = _joined([part.word_starts for part in row], True, True)
        batch.entities[place, :length] = _joined([part.entities for part in row], 0, 0)
        batch.token_type_ids[place, len(row[0]) + SPECIALS : length] = 1
    batch.special[:] = np.isin(batch.input_ids, tokenizer.all_special_ids)
    batch.word_starts[batch.special] = True
    return batch


def _shard_rows(rows: Sequence[Row], tokenizer: Words, max_tokens: int, where: str) -> tuple[ShardRows, dict[str, Any]]:
    for shards in {id(row.shards): row.shards for row in rows}.values():
        shards.check_vocabulary(len(tokenizer))
    if (longest := max(row.tokens for row in rows)) > max_tokens:
        raise MedencError(
            f"the model reads {max_tokens} tokens, the shards have rows of {longest}",
            where=where,
            hint=f"prepare them with max_tokens = {max_tokens}, or set encoder.max_tokens",
        )
    found = ShardRows(rows)
    return found, {"rows": len(rows), "tokens": sum(found.lengths)}


def _content(record: Any, where: str) -> str:
    if not isinstance(record, Passage):
        raise MedencError(
            f"expected texts or shards, found a {type(record).__name__}",
            where=where,
            hint="read the data with `passages`, `beir`, `lines` or `shards`",
        )
    return readable(record.content)


def _text_rows(records: Sequence[Passage], texts: Sequence[str], tokenizer: Words, room: int) -> Iterator[TextRow]:
    """Texts of no token give no row."""
    backend, marker, number = tokenizer.backend_tokenizer, WordMarker(), 0
    backend.no_padding()
    backend.no_truncation()
    encodings = backend.encode_batch(texts, add_special_tokens=False)
    for record, text, encoding in zip(records, texts, encodings, strict=True):
        ids, starts = np.array(encoding.ids, dtype=np.int32), _word_starts(text, encoding, marker)
        for start in range(0, len(ids), room):
            part = slice(start, start + room)
            plain = np.zeros(len(ids[part]), dtype=np.uint8)
            yield TextRow(f"{record.id}:{start}", number, Tokens(ids[part], starts[part], plain))
            number += 1


def _word_starts(text: str, encoding: Encoding, marker: WordMarker) -> np.ndarray:
    """(t,) bool: whether each token begins a word, of the tokenizer's or of the language's."""
    words = np.array([-1 if word is None else word for word in encoding.word_ids])
    begins = np.array([start for start, _ in encoding.offsets], dtype=np.int64)
    return marker.mark(codes(text), begins, np.diff(words, prepend=-2) != 0)


def _joined(parts: Sequence[np.ndarray], before: int, after: int) -> np.ndarray:
    """`before` a `after`, and b `after`."""
    pieces: list[Any] = [[before]]
    for part in parts:
        pieces += [part, [after]]
    return np.concatenate(pieces)
