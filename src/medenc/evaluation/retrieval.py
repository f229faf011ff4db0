"""Retrieval measured: the leak scan first, then every mode's scores with intervals, paired tests, and slices."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from medenc.core.errors import MedencError
from medenc.data.leaks import scan
from medenc.data.records import Query
from medenc.data.retrieval import RetrievalData
from medenc.evaluation import answers
from medenc.evaluation.slices import Labels, TooLong, labels
from medenc.evaluation.trained import TrainQueries
from medenc.metrics import ranking
from medenc.metrics.ranking import Run, mean, parse_measure
from medenc.metrics.significance import bootstrap_interval, paired_test

Search = Callable[[str, Sequence[Query], int], Run]
"""(mode, queries, how many hits) -> run."""

Values = dict[str, dict[str, dict[str, float]]]
"""mode -> measure -> query_id -> value."""

MEASURES = ("nDCG@10", "RR@10", "R@100", "Success@5")
ALL_HITS = 1000  # how deep to search when a measure looks at every hit


@dataclass(frozen=True)
class Slice:
    """The scores of the queries of one group; intervals are of the main measure alone."""

    field: str
    value: str
    n_queries: int
    scores: dict[str, dict[str, float]]
    intervals: dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Evaluation:
    """Everything measured."""

    data: RetrievalData
    split: str
    measures: list[str]
    leaks: dict[str, Any]
    runs: dict[str, Run]
    values: Values
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
            "slices": [vars(part) for part in self.slices],
            "leaks": self.leaks,
        }


def evaluate(
    data: RetrievalData,
    split: str,
    search: Search,
    modes: Sequence[str],
    measures: Sequence[str] = MEASURES,
    trained: TrainQueries | None = None,
    slices: Sequence[str] | None = None,
    too_long: TooLong | None = None,
) -> Evaluation:
    """Search every judged query in every mode and measure the runs.

    Args:
        search: gives the run of a mode; queries it leaves out count as unanswered, which is 0.
        measures: as ir_measures spells them, or `AnswerSuccess@k`, which looks for the queries' answers in the passages
            instead of going by their ids; the first is the main one.
        trained: what the model was trained on, for the leak scan and unseen concepts; None when nobody knows.
        slices: groups of queries to score apart, see `slices.labels`.
        too_long: which texts the model does not read at once, for the slices by window.

    Raises: MedencError for an unknown measure, no mode, or a slice that no query has.
    """
    names = list(dict.fromkeys(name if answers.cutoff(name) else str(parse_measure(name)) for name in measures))
    if not names or not modes:
        raise MedencError("nothing to measure: no mode or no measure")
    seen = trained.queries if trained else None
    groups = labels(data, seen, too_long, slices)
    leaks = find_leaks(data, seen)
    if trained:
        leaks |= {"looked_in": trained.looked_in, "not_found": trained.not_found}
    depth = max(answers.cutoff(name) or ranking.cutoff(name) or ALL_HITS for name in names)
    runs = {mode: search(mode, data.queries, depth) for mode in modes}
    values = _measured(data, runs, names)
    clean = set(data.qrels) - leaked(leaks)
    if len(clean) < len(data.qrels):
        leaks["scores_without"] = _scores(_only(values, clean)) if clean else {}
    tests = _tests(values, names)
    return Evaluation(data, split, names, leaks, runs, values, tests, _slices(groups, values, names[0]))


def _measured(data: RetrievalData, runs: Mapping[str, Run], names: Sequence[str]) -> Values:
    """Every measure of every run, in the order of `names`."""
    by_answer = [k for name in names if (k := answers.cutoff(name))]
    by_id = [name for name in names if not answers.cutoff(name)]
    passages, matcher = {passage.id: passage for passage in data.passages}, answers.Matcher()
    values: Values = {}
    for mode, run in runs.items():
        found = ranking.measure(data.qrels, run, by_id) if by_id else {}
        if by_answer:
            found |= answers.success(data.queries, passages, run, by_answer, matcher)
        values[mode] = {name: found[name] for name in names}
    return values


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


def _slices(groups: Labels, values: Values, main: str) -> list[Slice]:
    found: list[Slice] = []
    for field, by_query in groups.items():
        for value in sorted(set(by_query.values()), key=_natural):
            part = _only(values, {id_ for id_, own in by_query.items() if own == value})
            only_main = {mode: {main: measured[main]} for mode, measured in part.items()}
            n_queries = len(next(iter(only_main.values()))[main])
            found.append(Slice(field, value, n_queries, _scores(part), _intervals(only_main)))
    return found


def _natural(value: str) -> tuple[float, str]:
    """By a number at the beginning, then by letters."""
    number = re.match(r"\d+", value)
    return (float(number[0]) if number else float("inf"), value)


def _only(values: Values, queries: set[str]) -> Values:
    """The values of some queries."""
    return {
        mode: {name: {q: v for q, v in per_query.items() if q in queries} for name, per_query in measured.items()}
        for mode, measured in values.items()
    }


def _scores(values: Values) -> dict[str, dict[str, float]]:
    return {mode: mean(measured) for mode, measured in values.items()}


def _intervals(values: Values) -> dict[str, dict[str, list[float]]]:
    return {
        mode: {name: list(bootstrap_interval(list(per_query.values()))) for name, per_query in measured.items()}
        for mode, measured in values.items()
    }


def _tests(values: Values, names: Sequence[str]) -> list[dict[str, Any]]:
    """Every pair of modes compared on every measure."""
    return [
        {"measure": name, "a": a, "b": b, **paired_test(values[a][name], values[b][name])}
        for a, b in combinations(values, 2)
        for name in names
    ]
