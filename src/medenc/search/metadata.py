"""Metadata as typed columns, so that SQL conditions can look at it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from medenc.core.errors import MedencError
from medenc.data.records import Passage

if TYPE_CHECKING:
    import pyarrow as pa

OWN = ("id", "title", "text")  # columns of every document that a condition may name, too
HIDDEN = ("metadata", "terms", "spans", "dense", "windows")
NAMES = {bool: "true or false", float: "a number", str: "text"}


def encoded(passage: Passage) -> str:
    """The metadata of a passage as one JSON object. Raises: MedencError for what JSON cannot say."""
    try:
        return json.dumps(dict(passage.metadata), ensure_ascii=False, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise MedencError(f"its metadata is not JSON: {error}", where=f"passage {passage.id!r}") from None


def filterable(key: str) -> bool:
    """Whether metadata under this key becomes a column: a plain name that no column of ours has."""
    return key.isidentifier() and key not in OWN + HIDDEN


def column_types(passages: Sequence[Passage], known: Mapping[str, type]) -> dict[str, type]:
    """The type (bool, float or str) of each filterable key of `passages`; `known` are the columns so far.

    All numbers are one type, so that 2020 and 2020.5 may stand under one key. Lists and objects are kept with the
    document but make no column. Raises: MedencError when values of one key are of two types.
    """
    found = dict(known)
    for passage in passages:
        for key, value in passage.metadata.items():
            kind = _kind(value)
            if kind is None or not filterable(key):
                continue
            if found.setdefault(key, kind) is not kind:
                raise MedencError(
                    f"metadata '{key}' is {NAMES[kind]} here and {NAMES[found[key]]} in other documents",
                    where=f"passage {passage.id!r}",
                    hint="give the key one type in all documents, or two names",
                )
    return found


def column(passages: Sequence[Passage], key: str, kind: type) -> list[Any]:
    """The values of one column; None where a passage has no value of this kind there."""
    values = (passage.metadata.get(key) for passage in passages)
    return [kind(value) if _kind(value) is kind else None for value in values]


def arrow_type(kind: type) -> pa.DataType:
    """The column type on disk."""
    import pyarrow as pa

    return {bool: pa.bool_(), float: pa.float64(), str: pa.string()}[kind]


def _kind(value: Any) -> type | None:
    if isinstance(value, bool | str):
        return type(value)
    return float if isinstance(value, int | float) and math.isfinite(value) else None
