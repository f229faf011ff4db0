"""The report of an evaluation as one HTML page that is read without a network.

It names queries by id only: their texts may be a patient's words, and a report travels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from medenc.evaluation.html import frame, table, with_interval
from medenc.evaluation.plot import Mark, intervals
from medenc.evaluation.retrieval import Evaluation

WORST = 20


def page(found: Evaluation) -> str:
    """The whole report."""
    numbers = found.to_json()
    title = f"Retrieval on {found.data.path.name}, split {found.split}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{numbers["n_queries"]:,} judged queries · {len(found.data.passages):,} passages · '
        f"{escape(', '.join(found.modes))}</p>",
        *_leaks(found),
        *_scores(found, numbers),
        *_tests(found.tests),
        *_slices(found),
        *_worst(found),
        *_method(found),
    ]
    return frame(title, body)


def _leaks(found: Evaluation) -> Iterable[str]:
    queries, n = found.leaks["queries"], len(found.data.qrels)
    yield "<h2>Leaks</h2>"
    if queries is None:
        yield '<p class="note">Training queries are not known, so no leak was looked for.</p>'
    else:
        kind = " warn" if queries["exact"] + queries["near"] else ""
        yield (
            f'<p class="note{kind}">Of {n:,} judged queries, {queries["exact"]:,} stand among the '
            f"{queries['n_train']:,} training queries ({escape('; '.join(found.leaks['looked_in']))}) and "
            f"{queries['near']:,} nearly so.</p>"
        )
        if missing := found.leaks["not_found"]:
            yield f'<p class="note warn">Training data that is not there now: {escape("; ".join(missing))}.</p>'
    titles = found.leaks["titles"]
    if titles["n_train"]:
        yield f"<p>{titles['exact']:,} judged queries are a passage's title, {titles['near']:,} nearly so.</p>"
    if without := found.leaks.get("scores_without"):
        rows = [[escape(mode), *(f"{scores[name]:.3f}" for name in found.measures)] for mode, scores in without.items()]
        yield table(["without the leaked queries", *map(escape, found.measures)], rows)


def _scores(found: Evaluation, numbers: dict[str, Any]) -> Iterable[str]:
    yield "<h2>Scores</h2>"
    rows = [
        [f'<b class="s{i}">{escape(mode)}</b>']
        + [with_interval(numbers["scores"][mode][name], numbers["intervals"][mode][name]) for name in found.measures]
        for i, mode in enumerate(found.modes)
    ]
    yield table(["mode", *map(escape, found.measures)], rows)
    groups = [(name, _marks(numbers["scores"], numbers["intervals"], name)) for name in found.measures]
    yield intervals("Scores with 95 % intervals", groups)


def _tests(tests: Sequence[dict[str, Any]]) -> Iterable[str]:
    if not tests:
        return
    yield "<h2>Differences</h2>"
    rows = [
        [
            escape(f"{test['a']} − {test['b']}"),
            escape(test["measure"]),
            with_interval(test["difference"], test["interval"], sign="+"),
            f"{test['p']:.4f}",
        ]
        for test in tests
    ]
    yield table(["modes", "measure", "difference", "p"], rows)
    yield f'<p class="soft">p-values are of single comparisons; {len(tests)} were made.</p>'


def _slices(found: Evaluation) -> Iterable[str]:
    main = found.measures[0]
    for field in dict.fromkeys(part.field for part in found.slices):
        parts = [part for part in found.slices if part.field == field]
        name = field.replace("_", " ")
        yield f"<h2>By {escape(name)}</h2>"
        rows = [
            [escape(part.value), f"{part.n_queries:,}"]
            + [with_interval(part.scores[mode][main], part.intervals[mode][main]) for mode in found.modes]
            for part in parts
        ]
        yield table([f"{escape(name)}, {escape(main)}", "queries", *map(escape, found.modes)], rows)
        groups = [(f"{part.value} ({part.n_queries:,})", _marks(part.scores, part.intervals, main)) for part in parts]
        yield intervals(f"{main} by {name}, with 95 % intervals", groups)


def _worst(found: Evaluation) -> Iterable[str]:
    main = found.measures[0]
    by_query = {q: [found.values[mode][main][q] for mode in found.modes] for q in found.data.qrels}
    worst = sorted(by_query, key=lambda q: (sum(by_query[q]), q))[:WORST]
    rows = [
        [escape(q)]
        + [f"{value:.3f} · {_first(found, mode, q)}" for mode, value in zip(found.modes, by_query[q], strict=True)]
        for q in worst
    ]
    yield "<h2>Worst queries</h2>"
    yield table(["query", *map(escape, found.modes)], rows)
    yield f'<p class="soft">{escape(main)} · rank of the first relevant passage (– where none was found).</p>'


def _first(found: Evaluation, mode: str, query: str) -> str:
    """The rank of the first relevant passage."""
    grades = found.data.qrels[query]
    hits = found.runs[mode].get(query, [])
    return next((str(rank) for rank, (id_, _) in enumerate(hits, 1) if grades.get(id_, 0) > 0), "–")


def _method(found: Evaluation) -> Iterable[str]:
    yield "<h2>How it was measured</h2>"
    yield (
        "<p>Measures are those of ir-measures. Every judged query counts; one without an answer scores 0. Equal scores "
        "are ordered by passage id. Intervals are 95 % percentile bootstrap intervals over queries, p-values two-sided "
        "paired permutation tests. The runs beside this page are in TREC format, so that anybody can score them again."
        "</p>"
    )
    reading = found.data.reading
    if reading.get("bad") or reading.get("duplicates"):
        yield (
            f'<p class="note warn">Of {reading["read"]:,} records of the data, {reading["bad"]:,} could not be used '
            f"and {reading['duplicates']:,} were copies: {escape('; '.join(reading['reasons']))}</p>"
        )


def _marks(scores: dict[str, dict[str, float]], bounds: dict[str, dict[str, list[float]]], name: str) -> list[Mark]:
    return [Mark(i, mode, scores[mode][name], *bounds[mode][name]) for i, mode in enumerate(scores)]
