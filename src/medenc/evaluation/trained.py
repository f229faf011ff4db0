"""What a model was trained on, as far as its manifest says and the data can be had."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medenc.core.artifact import MANIFEST
from medenc.core.files import read_json
from medenc.data.layout import judgements, splits
from medenc.data.reading import Rejects
from medenc.data.records import Query
from medenc.data.retrieval import load_qrels, load_queries

FACT = "trained_on"  # of a model's manifest: the sources of all its stages


@dataclass(frozen=True)
class TrainQueries:
    """Queries that training saw; `looked_in` names the data they are of, `not_found` data that is not there now."""

    queries: list[Query]
    looked_in: list[str]
    not_found: list[str]


def train_queries(model: Path | None, data: Path) -> TrainQueries | None:
    """The queries of the pairs that a model was trained on; without a model that says, those of the folder's own split.

    Queries that were made of the passages are not among them: a title that is asked for is reported apart. Returns None
    where nobody knows.
    """
    manifest = read_json(model / MANIFEST) if model and (model / MANIFEST).is_file() else {}
    if FACT in manifest:
        pairs = [source for source in manifest[FACT] if source["use"] == "pairs"]
        return _read([(Path(source["path"]), source.get("split", "train")) for source in pairs])
    return _read([(data, "train")]) if "train" in splits(data) else None


def _read(places: list[tuple[Path, str]]) -> TrainQueries:
    distinct = list(dict.fromkeys(places))
    there = [(path, split) for path, split in distinct if path.is_dir() and split in splits(path)]
    missing = [path for path, split in distinct if (path, split) not in there]
    found: dict[str, Query] = {}
    for number, (path, split) in enumerate(there, start=1):
        judged = load_qrels(judgements(path, split))
        for query in load_queries(path, Rejects()):
            if query.id in judged:
                found[query.id if query.id not in found else f"{path.name} {number}:{query.id}"] = query
    queries = [Query(id_, query.text, query.metadata) for id_, query in found.items()]
    return TrainQueries(queries, [f"{path.name}, {split}" for path, split in there], [path.name for path in missing])
