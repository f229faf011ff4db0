"""The report of a measured task as one HTML page; rows are named by id only, for their texts may be a patient's."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from medenc.evaluation.html import frame, table, with_interval
from medenc.evaluation.plot import Mark, curve, intervals
from medenc.evaluation.tasks import BASELINE, MODEL, Measured
from medenc.metrics.confidence import Bin, reliability, risk_coverage

WORST = 30
POINTS = 100  # of a curve


def page(found: Measured) -> str:
    """The whole report."""
    title = f"Predictions on {found.data}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{_size(found)} · {len(found.labels):,} labels</p>',
        *_leaks(found),
        *_scores(found),
        *_labels(found),
        *_confidence(found),
        *_worst(found),
        *_method(found),
    ]
    return frame(title, body)


def _size(found: Measured) -> str:
    """How many count in the scores."""
    units, rows = len(found.units[0]), len(found.rows)
    return f"{rows:,} rows" if units == rows else f"{units:,} groups of {rows:,} rows"


def _leaks(found: Measured) -> Iterable[str]:
    yield "<h2>Leaks</h2>"
    if found.leaks is None:
        yield '<p class="note">Training rows are not known, so no leak was looked for.</p>'
        return
    kind = " warn" if found.leaks["exact"] + found.leaks["near"] else ""
    yield (
        f'<p class="note{kind}">Of {found.leaks["n_test"]:,} rows, {found.leaks["exact"]:,} stand among the '
        f"{found.leaks['n_train']:,} training rows and {found.leaks['near']:,} nearly so.</p>"
    )
    main = found.task.main_measure
    if without := found.scores_without_leaks:
        said = ", ".join(f"{escape(name)} {scores[main]:.3f}" for name, scores in without.items())
        yield f"<p>Without these rows, {escape(main)}: {said}.</p>"


def _scores(found: Measured) -> Iterable[str]:
    yield "<h2>Scores</h2>"
    bounds = found.intervals
    names = {MODEL: "model", BASELINE: found.baseline}
    rows = [
        [f'<b class="s{place}">{escape(names[system])}</b>']
        + [_shown(value, bounds[system].get(measure)) for measure, value in own.items()]
        for place, (system, own) in enumerate(found.scores.items())
    ]
    yield table(["", *(escape(measure) for measure in found.scores[MODEL])], rows)
    main = found.task.main_measure
    marks = [Mark(i, names[s], own[main], *bounds[s][main]) for i, (s, own) in enumerate(found.scores.items())]
    yield intervals(f"{main} with 95 % intervals", [(main, marks)])
    for test in found.tests:
        gain = with_interval(test["difference"], test["interval"], sign="+")
        yield f"<p>Model − {escape(found.baseline)}, {escape(main)}: {gain}, p = {test['p']:.4f}.</p>"


def _shown(value: float, bounds: list[float] | None) -> str:
    return with_interval(value, bounds) if bounds else f"{value:.3f}"


def _labels(found: Measured) -> Iterable[str]:
    counts = found.by_label
    if not counts:
        return
    yield "<h2>By label</h2>"
    rows = [
        [
            escape(label),
            f"{own.gold:,}",
            f"{own.predicted:,}",
            *(f"{x:.3f}" for x in (own.precision, own.recall, own.f1)),
        ]
        for label, own in sorted(counts.items(), key=lambda item: (-item[1].gold, item[0]))
    ]
    yield table(["label", "in the data", "predicted", "precision", "recall", "F1"], rows)


def _confidence(found: Measured) -> Iterable[str]:
    sure, right = found.sure, found.right
    if min(sure) == 1:  # a task that does not say
        return
    bins = reliability(sure, right)
    yield "<h2>Does it know when it is right?</h2>"
    yield curve(
        "Share that is right by confidence", "confidence", "right", [("model", _points(bins)), ("ideal", DIAGONAL)]
    )
    coverage, risk = risk_coverage(sure, right)
    step = max(1, len(coverage) // POINTS)
    points = list(zip(coverage[::step].tolist(), risk[::step].tolist(), strict=True))
    yield curve("Share that is wrong when only the surest are answered", "answered", "wrong", [("model", points)])


DIAGONAL = [(0.0, 0.0), (1.0, 1.0)]


def _points(bins: Iterable[Bin]) -> list[tuple[float, float]]:
    return [(own.confidence, own.accuracy) for own in bins]


def _worst(found: Measured) -> Iterable[str]:
    """Wrong predictions that the model was surest of."""
    wrong = [
        (-sure, str(row.id))
        for row, sure, right in zip(found.units[0], found.sure, found.right, strict=True)
        if not right
    ]
    yield "<h2>Surest mistakes</h2>"
    yield table(["row", "confidence"], [[escape(id_), f"{-sure:.3f}"] for sure, id_ in sorted(wrong)[:WORST]])
    said = f"{len(wrong):,} of {_size(found)} are not wholly right"
    yield f'<p class="soft">{said}; errors.jsonl has them all.</p>'


def _method(found: Measured) -> Iterable[str]:
    yield "<h2>How it was measured</h2>"
    yield (
        "<p>Intervals are 95 % percentile intervals of a bootstrap over rows, rows of one group drawn together; the "
        "difference to the trivial way is taken on the same samples.</p>"
    )
    if counted := {name: n for name, n in found.reading.items() if n}:
        said = ", ".join(f"{name} {n:,}" for name, n in counted.items())
        yield f'<p class="note">When rows became sequences: {escape(said)}.</p>'
