"""Retrieval measured: the leak scan first, then every mode's scores with intervals, paired tests, and slices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from medenc.core.errors import MedencError, did_you_mean
from medenc.data.leaks import scan
from medenc.data.records import Query
from medenc.data.retrieval import RetrievalData
from medenc.metrics.ranking import Run, cutoff, mean, measure, parse_measure
from medenc.metrics.significance import bootstrap_interval, paired_test

Search = Callable[[str, Sequence[Query], int], Run]
"""(mode, queries, how many hits) -> run."""

MEASURES = ("nDCG@10", "RR@10", "R@100", "Success@5")
SLICES = ("language", "kind")
ALL_HITS = 1000  # how deep to search when a measure looks at every hit


@dataclass(frozen=True)
class Slice:
    """The scores of the queries that share a value of a metadata field."""

    field: str
    value: str
    n_queries: int
    scores: dict[str, dict[str, float]]
    intervals: dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Evaluation:
    """Everything measured; `values` is mode -> measure -> query_id -> value."""

    data: RetrievalData
    split: str
    measures: list[str]
    leaks: dict[str, Any]
    runs: dict[str, Run]
    values: dict[str, dict[str, dict[str, float]]]
    tests: list[dict[str, Any]]
    slices: list[Slice]

    @property
    def modes(self) -> list[str]:
        """The search modes, in the order they were asked for."""
        return list(self.values)

    def to_json(self) -> dict[str, Any]:
        """The numbers, as `medenc evaluate --json` prints them."""
        return {
            "data": str(self.data.path),
            "split": self.split,
            "n_queries": len(self.data.qrels),
            "scores": _scores(self.values),
            "intervals": _intervals(self.values),
            "tests": self.tests,
            "leaks": self.leaks,
        }


def evaluate(
    data: RetrievalData,
    split: str,
    search: Search,
    modes: Sequence[str],
    measures: Sequence[str] = MEASURES,
    train_queries: Iterable[Query] | None = None,
    slices: Sequence[str] | None = None,
) -> Evaluation:
    """Search every judged query in every mode and measure the runs.

    Args:
        search: gives the run of a mode; queries it leaves out count as unanswered, which is 0.
        measures: as ir_measures spells them; the first is the main one.
        train_queries: what the model was trained on, for the leak scan; None when nobody knows.
        slices: metadata fields of the queries to score apart; by default `language` and `kind` where queries have them.

    Raises: MedencError for an unknown measure, no mode, or a slice that no query has.
    """
    names = list(dict.fromkeys(str(parse_measure(name)) for name in measures))
    if not names or not modes:
        raise MedencError("nothing to measure: no mode or no measure")
    fields = _slice_fields(data.queries, slices)
    leaks = find_leaks(data, train_queries)
    depth = max(cutoff(name) or ALL_HITS for name in names)
    runs = {mode: search(mode, data.queries, depth) for mode in modes}
    values = {mode: measure(data.qrels, run, names) for mode, run in runs.items()}
    clean = set(data.qrels) - leaked(leaks)
    if len(clean) < len(data.qrels):
        leaks["scores_without"] = _scores(_only(values, clean)) if clean else {}
    return Evaluation(data, split, names, leaks, runs, values, _tests(values, names), _slices(data, values, fields))


def find_leaks(data: RetrievalData, train_queries: Iterable[Query] | None) -> dict[str, Any]:
    """Judged queries that stand among the training queries, and those that are a passage's title.

    Returns: `queries` (None without training queries) and `titles`, both as `data.leaks.scan` gives them. A query that
    is a title is no leak of the training, but whoever reads a high lexical score should know.
    """
    judged = {query.id: query.text for query in data.queries}
    titles = {passage.id: passage.title for passage in data.passages if passage.title}
    trained = None if train_queries is None else {query.id: query.text for query in train_queries}
    return {"queries": None if trained is None else scan(trained, judged), "titles": scan(titles, judged)}


def leaked(leaks: Mapping[str, Any]) -> set[str]:
    """Ids of the judged queries that training saw, exactly or nearly."""
    found = leaks["queries"] or {"exact_ids": [], "near_ids": []}
    return {row[0] for row in [*found["exact_ids"], *found["near_ids"]]}


def _slice_fields(queries: Sequence[Query], slices: Sequence[str] | None) -> list[str]:
    known = {field for query in queries for field in query.metadata}
    for field in slices or ():
        if field not in known:
            raise MedencError(f"no query has the metadata '{field}'", where="slices", hint=did_you_mean(field, known))
    return [field for field in (SLICES if slices is None else slices) if field in known]


def _slices(
    data: RetrievalData, values: Mapping[str, dict[str, dict[str, float]]], fields: Sequence[str]
) -> list[Slice]:
    found: list[Slice] = []
    for field in fields:
        groups: dict[str, set[str]] = {}
        for query in data.queries:
            groups.setdefault(str(query.metadata.get(field, "(none)")), set()).add(query.id)
        for value, ids in sorted(groups.items()):
            part = _only(values, ids)
            found.append(Slice(field, value, len(ids), _scores(part), _intervals(part)))
    return found


def _only(
    values: Mapping[str, dict[str, dict[str, float]]], queries: set[str]
) -> dict[str, dict[str, dict[str, float]]]:
    """The values of some queries."""
    return {
        mode: {name: {q: v for q, v in per_query.items() if q in queries} for name, per_query in measured.items()}
        for mode, measured in values.items()
    }


def _scores(values: Mapping[str, dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    return {mode: mean(measured) for mode, measured in values.items()}


def _intervals(values: Mapping[str, dict[str, dict[str, float]]]) -> dict[str, dict[str, list[float]]]:
    return {
        mode: {name: list(bootstrap_interval(list(per_query.values()))) for name, per_query in measured.items()}
        for mode, measured in values.items()
    }


def _tests(values: Mapping[str, dict[str, dict[str, float]]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Every pair of modes compared on every measure."""
    return [
        {"measure": name, "a": a, "b": b, **paired_test(values[a][name], values[b][name])}
        for a, b in combinations(values, 2)
        for name in names
    ]
