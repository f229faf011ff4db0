"""Intervals over rows and groups, the trivial way beside the model, and the report."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.examples import Labelled
from medenc.evaluation.prediction_files import ERRORS, write_errors
from medenc.evaluation.resampling import difference, interval, resampled
from medenc.evaluation.task_report import page
from medenc.evaluation.tasks import measure
from medenc.metrics.significance import bootstrap_interval, mean_interval
from medenc.tasks.classification import Classified
from medenc.tasks.multi_label import Marked

TASK = build("task", {"use": "classification"}, "here")
SECRET = "the patient's own words"


DOCUMENTS = [(("a",), "g"), (("b",), "g"), ((), "g"), (("a",), "h")]  # classes of sentences, of two documents


def errors_of(found):
    with tempfile.TemporaryDirectory() as folder:
        write_errors(Path(folder), found)
        return [json.loads(line) for line in (Path(folder) / ERRORS).read_text().splitlines()]


def rows(labels, group=""):
    return [Labelled(f"<r{i}>", f"{SECRET} {i}", label, group=group and group(i)) for i, label in enumerate(labels)]


def said(labels, sure=0.9):
    return [Classified(label, {label: sure, "other": 1 - sure}) for label in labels]


def accuracy(sample, predictions):
    right = [row.label == own.label for row, own in zip(sample, predictions, strict=True)]
    return {"accuracy": sum(right) / len(right)}


def test_no_rows_are_nothing_to_measure():
    """Seen to fail: the report took the least of no probabilities."""
    with pytest.raises(MedencError, match="the data gave no row"):
        measure("empty.json", TASK, ["a", "b"], [], [])


def test_an_accuracy_has_the_interval_of_its_mean():
    gold = rows("ab" * 40)
    guess = said(["a"] * 80)
    samples = resampled(accuracy, gold, {"model": guess}, 4000)["model"]["accuracy"]
    assert interval(samples) == pytest.approx(bootstrap_interval([1, 0] * 40), abs=0.02)


def test_rows_of_a_group_are_drawn_together():
    gold = rows(["a"] * 40 + ["b"] * 40, group=lambda i: f"g{i // 40}")
    samples = resampled(accuracy, gold, {"model": said(["a"] * 80)}, 300)["model"]["accuracy"]
    assert set(samples) == {0, 0.5, 1}


def test_a_group_that_is_drawn_twice_counts_twice():
    task = build("task", {"use": "multi_label", "by_group": True}, "here")
    gold = [Labelled(group, "x", ("a",), group=group) for group in "ghi"]
    found = [Marked(("a",)), Marked(("a",)), Marked(())]
    score = lambda sample, own: task.score(sample, own, ["a", "b"])  # noqa: E731
    samples = resampled(score, gold, {"model": found}, 200)["model"]["micro_f1"]
    assert set(samples) == {0, 0.5, 0.8, 1}  # none, one, two or all three of those drawn


def test_a_measure_without_a_value_everywhere_has_no_interval():
    def sometimes(sample, predictions):
        return {"always": 1.0} | ({"rare": 1.0} if len({row.id for row in sample}) == 3 else {})

    found = resampled(sometimes, rows("abc"), {"model": said("abc")}, 50)["model"]
    assert set(found) == {"always"}


def test_the_difference_is_taken_on_the_same_samples():
    gold = rows("ab" * 100)
    better, worse = said(["a", "b"] * 90 + ["a"] * 20), said(["a", "b"] * 85 + ["a"] * 30)
    samples = resampled(accuracy, gold, {"model": better, "baseline": worse}, 500)
    apart, together = (
        interval(samples["model"]["accuracy"])[1] - interval(samples["model"]["accuracy"])[0],
        np.diff(difference(samples["model"]["accuracy"], samples["baseline"]["accuracy"])[0])[0],
    )
    assert together < apart
    bounds, p = difference(samples["model"]["accuracy"], samples["baseline"]["accuracy"])
    assert bounds[0] >= 0
    assert p < 0.1
    assert difference(samples["model"]["accuracy"], samples["model"]["accuracy"])[1] == 1


def test_what_is_measured():
    gold, train = rows("aabb"), rows("aaab")
    found = measure("d", TASK, ["a", "b"], gold, said("aabb", 0.8), train, rounds=50, reading={"truncated": 2})
    report = found.to_json()
    assert report["scores"]["model"]["accuracy"] == 1 > report["scores"]["baseline"]["accuracy"] == 0.5
    assert report["baseline"] == "always 'a'"
    assert report["leaks"]["exact"] == 4
    assert report["confidence"]["calibration_error"] == pytest.approx(0.2)
    assert report["by_label"]["b"]["support"] == 2
    assert next(iter(report["scores"]["model"])) == report["main"] == "accuracy"
    assert report["tests"][0]["difference"] == 0.5
    assert report["scores_without_leaks"] == {}, "no row is left"
    fresh = [*gold, Labelled("new", "other words entirely", "a")]
    mixed = measure("d", TASK, ["a", "b"], fresh, said("aabbb"), train, rounds=5).to_json()
    assert mixed["scores_without_leaks"]["model"]["accuracy"] == 0 < mixed["scores"]["model"]["accuracy"]
    alone = measure("d", TASK, ["a", "b"], gold, said("abab"), rounds=10).to_json()
    assert alone["tests"] == []
    assert alone["leaks"] is None
    assert "baseline" not in alone["scores"]


def test_the_report_names_rows_by_id_only():
    gold = rows("aabb")
    html = page(
        measure("<d>", TASK, ["a", "b"], gold, said("abab", 0.7), rows("ab"), rounds=10, reading={"truncated": 3})
    )
    assert SECRET not in html
    assert "&lt;r1&gt;" in html
    assert "<r1>" not in html
    assert "<d>" not in html
    assert "truncated 3" in html
    assert html.count("<svg") == 3


def test_student_s_interval():
    low, high = mean_interval([0.8, 0.82, 0.87])
    assert (low, high) == pytest.approx((0.8300 - 0.089570, 0.8300 + 0.089570), abs=1e-4)
    assert mean_interval([0.8]) is None


def test_a_report_counts_groups_where_scores_do():
    """Seen to fail when tables by label, confidence and mistakes counted the rows of which scores count groups."""
    task = build("task", {"use": "multi_label", "by_group": True}, "here")
    gold = [Labelled(str(i), "x", labels, group=group) for i, (labels, group) in enumerate(DOCUMENTS)]
    found = measure("d", task, ["a", "b"], gold, [Marked(("a", "b"), {"a": 0.9, "b": 0.8})] * 4, rounds=5)
    report = found.to_json()
    assert (report["n_queries"], report["n_rows"], report["scores"]["model"]["exact"]) == (2, 4, 0.5)
    assert (report["by_label"]["a"]["support"], report["by_label"]["b"]["support"]) == (2, 1)
    assert found.right == [True, False]
    assert "2 groups of 4 rows" in page(found)
    assert [line["id"] for line in errors_of(found)] == ["3"]
