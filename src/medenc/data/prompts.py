"""The words that a model expects in front of a query or a passage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from medenc.data.records import Pair


def prompted(records: Iterable[Any], prompts: Mapping[str, str]) -> list[Any]:
    """Records as the model will read them when it is used: pairs get the prompts, others have no role and none."""
    if not any(prompts.values()):
        return list(records)

    @cache  # many pairs share their passages
    def passage(text: str) -> str:
        return prompts.get("passage", "") + text

    def changed(record: Any) -> Any:
        if not isinstance(record, Pair):
            return record
        negatives = tuple((id_, passage(text)) for id_, text in record.negatives)
        query = prompts.get("query", "") + record.query
        return replace(record, query=query, passage=passage(record.passage), negatives=negatives)

    return [changed(record) for record in records]
