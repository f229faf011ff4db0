"""The data by which a user lets an int8 graph be judged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medenc.core.artifact import open_artifact
from medenc.core.errors import MedencError
from medenc.data.mixing import Source, read_sources
from medenc.data.retrieval import RetrievalData, load_beir
from medenc.decoding.folder import is_task

Judged = RetrievalData | Sequence[Any]
"""Judged queries for a model that embeds, labelled rows for a task's."""


def read_judged(model: Path, data: Path) -> Judged:
    """The test queries of a BEIR folder, or rows in the format of those that the model was trained on."""
    if not is_task(model):
        return load_beir(data, "test")
    rows, _ = read_sources([Source(**reader_of(model), path=data)], "judged")
    return rows


def reader_of(model: Path) -> dict[str, Any]:
    """The reader of a model's training data, with its options."""
    sources = open_artifact(model, "model").manifest["options"].get("data")
    if not sources:
        raise MedencError("the model does not say how its data was read", where=model, hint="name a reader")
    return {key: value for key, value in sources[0].items() if key not in ("path", "transforms")}
