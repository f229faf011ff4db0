"""The documents of an index as arrays, sorted by id.

They are a pure function of the set of documents: whatever the order and the batches in which documents came, the
arrays, and so the answers, are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from medenc.search.ragged import Ragged, bounds, from_texts, joined, runs

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Documents:
    """Columns with one row a document, and the vocabulary; `n` documents, `v` distinct terms."""

    ids: Ragged  # UTF-8, sorted
    titles: Ragged  # UTF-8
    texts: Ragged  # UTF-8
    metadata: Ragged  # UTF-8, a JSON object
    terms: Ragged  # (_, 3) int32: number in the vocabulary, start and end in the content's characters
    vocabulary: Ragged  # UTF-8, sorted, v rows
    postings: Ragged  # (_, 2) int32: document and how often the term is in it; v rows
    vectors: Ragged  # (_, d) float32, one a window; no row has any when the index has no model
    windows: Ragged  # (_, 2) int32: the window's start and end in the content's characters

    def __len__(self) -> int:
        return len(self.ids)

    def columns(self) -> dict[str, Ragged]:
        """The columns by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def differing(self, other: Documents) -> list[str]:
        """Names of the columns in which `other` is not the same."""
        mine, theirs = self.columns(), other.columns()
        return [name for name, column in mine.items() if not column.equals(theirs[name])]


BY_DOCUMENT = ("ids", "titles", "texts", "metadata", "terms", "vectors", "windows")


def empty(dimension: int) -> Documents:
    """No document; vectors would have `dimension` numbers (0: no model)."""
    none = Ragged(np.empty(0, np.uint8), bounds([]))
    triples, pairs = Ragged(np.empty((0, 3), np.int32), bounds([])), Ragged(np.empty((0, 2), np.int32), bounds([]))
    vectors = Ragged(np.empty((0, dimension), np.float32), bounds([]))
    return Documents(none, none, none, none, triples, none, pairs, vectors, pairs)


def from_arrow(table: pa.Table, dimension: int) -> Documents:
    """Documents from rows of the table of record, in any order."""
    table = table.sort_by("id")
    coded = table["terms"].combine_chunks().flatten().dictionary_encode()
    spans = _numbers(table["spans"], 2)
    numbers = coded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    raw = replace(
        empty(dimension),
        **{own: from_texts(table[name].to_pylist()) for own, name in _TEXTS.items()},
        terms=Ragged(np.column_stack([numbers, spans.data]).astype(np.int32), spans.offsets),
        vectors=_numbers(table["dense"], dimension),
        windows=_numbers(table["windows"], 2),
    )
    return _indexed(raw, coded.dictionary.to_pylist())


_TEXTS = {"ids": "id", "titles": "title", "texts": "text", "metadata": "metadata"}


def updated(old: Documents, new: Documents, dropped: Iterable[int] = ()) -> Documents:
    """`old` without the rows `dropped`, with the documents of `new`, which replace those of the same id."""
    old_ids, new_ids = old.ids.texts(), new.ids.texts()
    place = {id_: row for row, id_ in enumerate(old_ids)}
    gone = {place[id_] for id_ in new_ids if id_ in place} | set(dropped)
    kept = [(id_, 0, row) for row, id_ in enumerate(old_ids) if row not in gone]
    rows = sorted([*kept, *((id_, 1, row) for row, id_ in enumerate(new_ids))])
    order = runs(np.array([r[1] for r in rows], np.int64), np.array([r[2] for r in rows], np.int64))
    vocabulary, maps = _united(old.vocabulary.texts(), new.vocabulary.texts())
    renumbered = [replace(part, terms=_renumbered(part.terms, own)) for part, own in zip((old, new), maps, strict=True)]
    columns = {name: joined([part.columns()[name] for part in renumbered], order) for name in BY_DOCUMENT}
    return _indexed(replace(old, **columns), vocabulary)


def _united(*vocabularies: list[str]) -> tuple[list[str], list[np.ndarray]]:
    """The vocabularies in one, and for each the new numbers of its terms."""
    united = sorted(set().union(*vocabularies))
    place = {term: number for number, term in enumerate(united)}
    return united, [np.array([place[term] for term in own], np.int32) for own in vocabularies]


def _renumbered(terms: Ragged, numbers: np.ndarray) -> Ragged:
    data = np.array(terms.data)
    data[:, 0] = numbers[data[:, 0]]
    return Ragged(data, terms.offsets)


def _indexed(documents: Documents, vocabulary: list[str]) -> Documents:
    """The documents with a sorted vocabulary of the terms that occur, and their postings."""
    used = np.flatnonzero(np.bincount(documents.terms.data[:, 0], minlength=len(vocabulary)))
    order = sorted(used.tolist(), key=vocabulary.__getitem__)
    numbers = np.zeros(len(vocabulary), np.int32)
    numbers[order] = np.arange(len(order))
    terms = _renumbered(documents.terms, numbers)
    names = from_texts(vocabulary[old] for old in order)
    return replace(documents, terms=terms, vocabulary=names, postings=_postings(terms, len(order)))


def _postings(terms: Ragged, v: int) -> Ragged:
    """For each of `v` terms the documents that hold it, ascending, with counts."""
    owner = np.repeat(np.arange(len(terms), dtype=np.int64), terms.lengths)
    keys = terms.data[:, 0] * np.int64(max(1, len(terms))) + owner
    keys.sort()
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    term, document = np.divmod(keys[first], max(1, len(terms)))
    pairs = np.empty((len(first), 2), np.int32)
    pairs[:, 0], pairs[:, 1] = document, np.diff(first, append=len(keys))
    return Ragged(pairs, bounds(np.bincount(term, minlength=v)))


def _numbers(column: pa.ChunkedArray, width: int) -> Ragged:
    """A column of flat lists as rows of items of `width` numbers each."""
    lists = column.combine_chunks()
    values = lists.flatten().to_numpy(zero_copy_only=False)
    offsets = np.asarray(lists.offsets, dtype=np.int64)
    return Ragged(values.reshape(-1, max(1, width))[:, :width], (offsets - offsets[0]) // max(1, width))
