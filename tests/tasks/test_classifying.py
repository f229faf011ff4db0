"""Decisions by group, classes that earn nothing, and the trivial ways."""

import numpy as np
import pytest

from medenc.core.plugins import build
from medenc.data.examples import Labelled
from medenc.decoding.labelled import members
from medenc.tasks.classification import Classified
from medenc.tasks.multi_label import Marked
from medenc.tasks.regression import Rated

LABELS = ["no", "yes"]


def row(id_, label, group="", **more):
    return Labelled(id_, "text", label, group=group, **more)


def test_rows_without_a_group_are_alone():
    assert members([row("a", "x"), row("b", "x", "g"), row("c", "x"), row("d", "x", "g")]) == [[0], [1, 3], [2], [1, 3]]


def test_a_group_is_decided_by_the_mean():
    task = build("task", {"use": "classification", "by_group": True}, "here")
    rows = [row("1", "yes", "g"), row("2", "yes", "g"), row("3", "yes", "g"), row("4", "no")]
    found = [np.array(p) for p in ([0.55, 0.45], [0.55, 0.45], [0.1, 0.9], [0.6, 0.4])]
    said = task.decode(found, [], rows, LABELS)
    assert [one.label for one in said] == ["yes", "yes", "yes", "no"]
    assert said[0].probabilities["yes"] == pytest.approx(0.6)
    assert [one.label for one in task.model_copy(update={"by_group": False}).decode(found, [], rows, LABELS)] == [
        "no", "no", "yes", "no",
    ]  # fmt: skip


def test_a_group_counts_once():
    task = build("task", {"use": "classification", "by_group": True}, "here")
    rows = [row("1", "yes", "g"), row("2", "yes", "g"), row("3", "yes", "g"), row("4", "no")]
    wrong = [Classified("no")] * 4
    assert task.score(rows, wrong, LABELS)["accuracy"] == 0.5


def test_a_class_may_earn_nothing():
    task = build("task", {"use": "classification", "negative": "0", "measure": "micro_f1"}, "here")
    gold = [row(str(i), label) for i, label in enumerate("01210")]
    scores = task.score(gold, [Classified(label) for label in "11020"], ["0", "1", "2"])
    assert scores["micro_precision"] == scores["micro_recall"] == scores["micro_f1"] == pytest.approx(1 / 3)
    assert task.baseline(gold, gold)[0] == "always '1'"
    plain = build("task", {"use": "classification"}, "here")
    assert plain.baseline(gold, gold)[0] == "always '0'"


def test_macro_f1_over_all_labels_or_those_that_occur():
    gold, said = [row("1", "yes")], [Classified("yes")]
    for all_labels, expected in ((False, 1), (True, 0.5)):
        task = build("task", {"use": "classification", "all_labels": all_labels}, "here")
        assert task.score(gold, said, LABELS)["macro_f1"] == expected


def test_a_document_has_the_classes_of_its_sentences():
    task = build("task", {"use": "multi_label", "by_group": True}, "here")
    rows = [row("1", ("a",), "g"), row("2", (), "g"), row("3", ("b",), "h")]
    found = [np.array(p) for p in ([0.9, 0.1], [0.1, 0.6], [0.2, 0.7])]
    said = task.decode(found, [], rows, ["a", "b"])
    assert [one.labels for one in said] == [("a", "b"), ("a", "b"), ("b",)]
    scores = task.score(rows, said, ["a", "b"])
    assert (scores["micro_precision"], scores["micro_recall"], scores["exact"]) == (pytest.approx(2 / 3), 1, 0.5)
    assert task.score(rows, [Marked(("a",)), Marked(()), Marked(("b",))], ["a", "b"])["exact"] == 1


def test_common_characters_rate_pairs():
    task = build("task", {"use": "regression"}, "here")
    same, other = row("1", 4.0, pair="text"), row("2", 0.0, pair="別")
    name, said = task.baseline([same, other], [same, other])
    assert (name, [one.value for one in said]) == ("common characters", [4, 0])
    assert task.right(same, Rated(3.6))
    assert not task.right(same, Rated(3.4))
    single = build("task", {"use": "regression", "pair": False}, "here")
    assert single.baseline([same, other], [same])[1][0].value == 2
