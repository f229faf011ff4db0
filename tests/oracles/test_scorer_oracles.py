"""Scorers beside other implementations, on random cases: 200 of each, and 10,000 of each where the slow tests run."""

import random

import pytest

from medenc.data.tags import decode
from medenc.metrics import linking, spans, triples
from medenc.metrics.answers import best_threshold, compare

pytestmark = pytest.mark.oracle
CASES = pytest.mark.parametrize("n_cases", [200, pytest.param(10_000, marks=pytest.mark.slow)])
TAGS = ["O", "O", "B-Disease", "I-Disease", "B-Chemical", "I-Chemical", "B-Multi-tissue_structure"]


@CASES
def test_entities_as_seqeval_counts_them(n_cases):
    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling")
    rng = random.Random(n_cases)
    for _ in range(n_cases):
        lengths = [rng.randint(1, 9) for _ in range(rng.randint(1, 4))]
        gold, guess = ([rng.choices(TAGS, k=length) for length in lengths] for _ in range(2))
        ours = spans.strict([decode(tags) for tags in gold], [decode(tags) for tags in guess])
        theirs = [set(seqeval.get_entities(tags)) for tags in (gold, guess)]
        assert (ours.gold, ours.predicted, ours.correct) == (
            len(theirs[0]),
            len(theirs[1]),
            len(theirs[0] & theirs[1]),
        )
        by_label = spans.by_label([decode(tags) for tags in gold], [decode(tags) for tags in guess])
        for label, counts in by_label.items():
            assert counts.gold == sum(entity[0] == label for entity in theirs[0])


@CASES
def test_triples_as_scikit_learn_counts_them(n_cases):
    sk, binary = pytest.importorskip("sklearn.metrics"), pytest.importorskip("sklearn.preprocessing")
    rng = random.Random(n_cases)
    every = [(a, p, b) for a in "AB" for p in ("病因", "treats") for b in "BC"]
    indicator = binary.MultiLabelBinarizer(classes=every).fit(())
    for _ in range(n_cases):
        n = rng.randint(1, 4)
        gold, guess = ([rng.sample(every, k=rng.randint(0, 5)) for _ in range(n)] for _ in range(2))
        wanted, found = indicator.transform(gold), indicator.transform(guess)
        theirs = sk.precision_recall_fscore_support(wanted, found, average="micro", zero_division=0)[:3]
        ours = triples.strict(gold, guess)
        assert (ours.precision, ours.recall, ours.f1) == pytest.approx(theirs)


def squad_best_threshold(gold, predicted, nulls):
    """The search of the SQuAD 2.0 script: questions join in the order of their null scores, one at a time."""
    scores = compare(gold, predicted)["f1"]
    current = best = sum(not answers for answers in gold.values())
    for id_ in sorted(nulls, key=nulls.get):
        if gold[id_]:
            current += scores[id_]
        else:
            current += -1 if predicted[id_] else 0
        best = max(best, current)
    return best / len(gold)


@CASES
def test_the_best_threshold_as_the_squad_script_finds_it(n_cases):
    rng = random.Random(n_cases)
    for _ in range(n_cases):
        ids = [str(i) for i in range(rng.randint(1, 9))]
        gold = {id_: rng.choice([[], ["x"], ["x y"]]) for id_ in ids}
        predicted = {id_: rng.choice(["x", "y", "x y z"]) for id_ in ids}
        nulls = {id_: rng.random() for id_ in ids}  # no two are equal, which the script overlooks
        assert best_threshold(gold, predicted, nulls).score == pytest.approx(
            squad_best_threshold(gold, predicted, nulls)
        )


@CASES
def test_separation_and_brier_as_scikit_learn(n_cases):
    np, sk = pytest.importorskip("numpy"), pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(n_cases)
    for _ in range(n_cases):
        n = int(rng.integers(2, 25))
        probabilities, weights = np.round(rng.random(n), 1), rng.random(n) + 0.1
        happened = np.arange(n) % 2 == rng.integers(2)
        ours = linking.separation(probabilities, happened.astype(float), weights)
        assert ours == pytest.approx(sk.roc_auc_score(happened, probabilities, sample_weight=weights))
        ours = linking.brier(probabilities, happened.astype(float), weights)
        assert ours == pytest.approx(sk.brier_score_loss(happened, probabilities, sample_weight=weights))
