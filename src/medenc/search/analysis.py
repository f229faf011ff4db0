"""From passages to rows of the table of record: terms, vectors, metadata columns."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from medenc.core.errors import MedencError
from medenc.core.progress import track
from medenc.core.vectors import unit
from medenc.data.records import Passage
from medenc.search import metadata
from medenc.search.settings import Model
from medenc.search.store import rows_of
from medenc.text.analyzer import Analyzer

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 2048  # passages analysed and encoded together


class Windows(Protocol):
    """The windows of some texts, in reading order; `runtime.embedder.Windows` is this."""

    @property
    def vectors(self) -> np.ndarray:
        """(m, d) numbers."""

    @property
    def owner(self) -> np.ndarray:
        """(m,) the number of the text, ascending; every text has a window."""

    @property
    def spans(self) -> np.ndarray:
        """(m, 2) the window's characters in its text."""


Encode = Callable[[Sequence[str]], Windows]


def rows(
    passages: Sequence[Passage],
    kinds: Mapping[str, type],
    analyzer: Analyzer,
    model: Model | None,
    encode: Encode | None,
) -> pa.Table:
    """Rows for the table; `encode` gives the windows of texts and is needed when the index has a model."""
    columns: dict[str, list[Any]] = {
        "id": [_clean(passage).id for passage in passages],
        "title": [passage.title for passage in passages],
        "text": [passage.text for passage in passages],
        "metadata": [metadata.encoded(passage) for passage in passages],
    }
    analysed: dict[str, list[Any]] = {name: [] for name in ("terms", "spans", "dense", "windows")}
    for start in track(range(0, len(passages), BLOCK), "indexing"):
        contents = [passage.content for passage in passages[start : start + BLOCK]]
        with _no_garbage_collection():
            found = analyzer.terms_batch(contents)
        analysed["terms"] += [[term.text for term in terms] for terms in found]
        analysed["spans"] += [[edge for term in terms for edge in (term.start, term.end)] for terms in found]
        vectors, windows = _windows(contents, model, encode)
        analysed["dense"] += vectors
        analysed["windows"] += windows
    typed = {key: metadata.column(passages, key, kind) for key, kind in kinds.items()}
    return rows_of({**columns, **analysed, **typed}, kinds)


def _windows(texts: Sequence[str], model: Model | None, encode: Encode | None) -> tuple[list[Any], list[Any]]:
    """Flat vectors and flat spans of the windows of each text."""
    if model is None:
        return [[]] * len(texts), [[]] * len(texts)
    if encode is None:
        raise MedencError("this index has vectors: its model is needed to add documents", where=model.path)
    windows = encode(texts)
    vectors = _checked(windows, len(texts), model)
    cuts = np.searchsorted(windows.owner, np.arange(1, len(texts)))
    parts = zip(np.split(vectors, cuts), np.split(windows.spans.astype(np.int32), cuts), strict=True)
    flat = [(own.ravel(), spans.ravel()) for own, spans in parts]
    return [own for own, _ in flat], [spans for _, spans in flat]


def _checked(windows: Windows, texts: int, model: Model) -> np.ndarray:
    vectors = windows.vectors.astype(np.float32)
    if vectors.shape[1:] != (model.dimension,):
        raise MedencError(f"expected vectors of {model.dimension} numbers, found {vectors.shape[1:]}", where=model.path)
    if not np.isfinite(vectors).all():
        raise MedencError("the model gave a vector with NaN or infinity", where=model.path)
    if not np.array_equal(np.unique(windows.owner), np.arange(texts)):
        raise MedencError("the model gave no window for some text", where=model.path)
    return unit(vectors) if model.similarity == "cosine" else vectors


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Hundreds of thousands of new terms make the collector walk them again and again: two thirds of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _clean(passage: Passage) -> Passage:
    """The passage. Raises: MedencError for half characters, which no file can hold."""
    try:
        f"{passage.id}{passage.title}{passage.text}".encode()
    except UnicodeEncodeError:
        raise MedencError("it holds a lone surrogate, which is no character", where=f"passage {passage.id!a}") from None
    if not passage.id:
        raise MedencError("a passage without an id", where="passages")
    return passage
