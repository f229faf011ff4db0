import random
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.metrics.classification import accuracy, by_class, confusion, macro_f1, micro_f1, multilabel_f1, pearson
from medenc.metrics.counts import Counts

CASES = pytest.mark.parametrize("n_cases", [300, pytest.param(10_000, marks=pytest.mark.slow)])


def close(a, b):
    return a == pytest.approx(b, abs=1e-12)


def test_the_specs_example_of_f1_without_the_negative_class():
    counts = micro_f1([0, 1, 2, 1, 0], [1, 1, 0, 2, 0], without=[0])
    assert counts == Counts(1, 3, 3)
    assert close((counts.precision, counts.recall, counts.f1), (1 / 3, 1 / 3, 1 / 3))


def test_majority_of_pubmedqa():
    gold = ["yes"] * 276 + ["no"] * 169 + ["maybe"] * 55
    assert accuracy(gold, ["yes"] * 500) == 0.552


def test_an_absent_class_is_zero_where_labels_are_listed_and_unseen_where_not():
    assert macro_f1(["a", "b"], ["a", "b"]) == 1
    assert macro_f1(["a", "b"], ["a", "b"], labels=["a", "b", "c", "d"]) == 0.5


def test_a_prediction_outside_the_listed_labels_is_still_wrong():
    classes = by_class(["a", "a"], ["a", "z"], labels=["a"])
    assert classes == {"a": Counts(1, 1, 2)}


def test_hallmarks_are_pooled_over_the_sentences_of_a_document():
    gold = [["growth"], [], ["death"]]
    predicted = [[], ["growth"], ["growth"]]
    documents = ["d1", "d1", "d2"]
    assert multilabel_f1(gold, predicted, documents) == Counts(1, 2, 2)
    assert multilabel_f1(gold, predicted) == Counts(0, 2, 2)


@CASES
def test_as_scikit_learn_for_random_labels(n_cases):
    sklearn, sk = pytest.importorskip("sklearn"), pytest.importorskip("sklearn.metrics")
    rng = random.Random(n_cases)
    for _ in range(n_cases):
        names = list(range(rng.randint(2, 7)))
        n = rng.randint(1, 30)
        gold, guess = rng.choices(names, k=n), rng.choices(names, k=n)
        negative = rng.choice(names)
        others = [name for name in names if name != negative]
        with warnings.catch_warnings(), sklearn.config_context(skip_parameter_validation=True):
            warnings.simplefilter("ignore")
            assert close(macro_f1(gold, guess), sk.f1_score(gold, guess, average="macro"))
            expected = sk.precision_recall_fscore_support(gold, guess, labels=others, average="micro")[:3]
            counts = micro_f1(gold, guess, without=[negative])
            assert close((counts.precision, counts.recall, counts.f1), expected)
            each = sk.precision_recall_fscore_support(gold, guess, labels=names)
            assert close(macro_f1(gold, guess, names), each[2].mean())
            ours = by_class(gold, guess, names)
            for i, name in enumerate(names):
                of = ours[name]
                assert close((of.precision, of.recall, of.f1, of.gold), tuple(column[i] for column in each))
            table = sk.confusion_matrix(gold, guess, labels=names)
            assert (confusion(gold, guess, names) == table).all()
            assert close(accuracy(gold, guess), table.trace() / n)


@CASES
def test_as_scikit_learn_for_random_label_sets(n_cases):
    sk = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(n_cases)
    for _ in range(n_cases):
        shape = (int(rng.integers(1, 20)), int(rng.integers(1, 10)))
        gold, guess = rng.random(shape) < 0.3, rng.random(shape) < 0.3
        counts = multilabel_f1([np.flatnonzero(row) for row in gold], [np.flatnonzero(row) for row in guess])
        assert close(counts.f1, sk.f1_score(gold.ravel(), guess.ravel(), zero_division=0))


@CASES
def test_as_scipy_for_random_numbers(n_cases):
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(n_cases)
    for _ in range(n_cases):
        n = int(rng.integers(2, 30))
        x = rng.normal(size=n) * 10.0 ** rng.integers(-3, 6)
        y = x * rng.normal() + rng.normal(size=n)
        assert pearson(x, y) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-9)


def test_pearson_of_a_constant_is_zero_and_of_large_numbers_is_not_lost():
    assert pearson([1, 2, 3], [4, 4, 4]) == 0
    assert pearson([1e300, 2e300, 3e300], [1e-300, 2e-300, 3e-300]) == pytest.approx(1)


@settings(deadline=None)
@given(st.lists(st.sampled_from("abc"), min_size=1))
def test_perfect_predictions_score_one(labels):
    assert accuracy(labels, labels) == macro_f1(labels, labels) == micro_f1(labels, labels).f1 == 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1))
def test_micro_f1_over_every_class_is_the_accuracy(pairs):
    gold, guess = zip(*pairs, strict=True)
    assert micro_f1(gold, guess).f1 == pytest.approx(accuracy(gold, guess))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: accuracy([], []), "nothing to score"),
        (lambda: accuracy(["a"], []), "1 gold items but 0 predictions"),
        (lambda: confusion(["a"], ["b"], ["a"]), "outside the label list: 'b'"),
        (lambda: pearson([1.0], [1.0]), "two or more"),
        (lambda: pearson([1.0, float("nan")], [1.0, 2.0]), "finite"),
        (lambda: macro_f1(["a"], ["a"], labels=[]), "no class"),
    ],
)
def test_what_cannot_be_scored_is_refused(call, words):
    with pytest.raises(MedencError, match=words):
        call()
