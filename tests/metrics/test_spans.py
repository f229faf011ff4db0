import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.metrics import spans, triples
from medenc.metrics.counts import Counts

CASES = pytest.mark.parametrize("n_cases", [300, pytest.param(10_000, marks=pytest.mark.slow)])
LABELS = st.sampled_from("xyz")
DOCUMENTS = st.lists(
    st.sets(
        st.tuples(st.integers(0, 8), st.integers(1, 5), st.sampled_from("xyz")).map(
            lambda t: (t[0], t[0] + t[1], t[2])
        ),
        max_size=5,
    ),
    max_size=4,
)


def random_spans(rng, n=6, length=12):
    starts = [rng.randrange(length) for _ in range(rng.randint(0, n))]
    return {(start, start + rng.randint(1, 4), rng.choice("xy")) for start in starts}


def test_the_specs_example_of_word_level_macro_f1():
    gold = [{(0, 1, "PAR"), (1, 2, "PAR"), (3, 4, "INT"), (4, 5, "OUT")}]
    guess = [{(0, 1, "PAR"), (2, 3, "PAR"), (3, 4, "INT")}]
    assert {name: counts.f1 for name, counts in spans.by_label(gold, guess).items()} == {"INT": 1, "OUT": 0, "PAR": 0.5}
    assert spans.macro_f1(gold, guess) == 0.5


def test_strict_needs_start_end_label_and_document():
    gold = [{(0, 3, "dis"), (5, 7, "sym")}, set()]
    assert spans.strict(gold, [{(0, 3, "dis"), (5, 7, "dis"), (5, 8, "sym")}, {(5, 7, "sym")}]) == Counts(1, 4, 2)


def test_nested_entities_are_scored_one_by_one():
    gold = [{(0, 5, "sym"), (1, 3, "bod"), (8, 9, "dis")}]
    assert spans.strict(gold, gold).f1 == 1
    assert spans.nested_recall(gold, [{(0, 5, "sym"), (8, 9, "dis")}]) == 0.5
    assert spans.nested_recall([{(0, 2, "a"), (2, 4, "a")}], [set()]) is None


def test_half_a_point_for_an_overlap_and_each_entity_once():
    gold = [{(0, 4, "x"), (6, 9, "x"), (10, 12, "y")}]
    guess = [{(0, 4, "x"), (3, 8, "x"), (7, 10, "x"), (10, 12, "x")}]
    assert spans.partial(gold, guess) == Counts(1.5, 4, 3)
    # (0, 8) could take either: the best assignment pairs it with (0, 4) and leaves (5, 8) to (6, 9)
    assert spans.partial([{(0, 4, "x"), (5, 8, "x")}], [{(1, 8, "x"), (6, 9, "x")}]).correct == 1


@CASES
def test_partial_is_the_best_assignment(n_cases):
    optimize = pytest.importorskip("scipy.optimize")
    rng = random.Random(n_cases)
    for _ in range(n_cases):
        gold, guess = random_spans(rng), random_spans(rng)
        credit = np.zeros((len(gold), len(guess)))
        for (i, a), (j, b) in itertools.product(enumerate(gold), enumerate(guess)):
            overlap = a[2] == b[2] and max(a[0], b[0]) < min(a[1], b[1])
            credit[i, j] = 1.0 if a == b else 0.5 * overlap
        best = credit[optimize.linear_sum_assignment(credit, maximize=True)].sum()
        assert spans.partial([gold], [guess]) == Counts(best, len(guess), len(gold))


@CASES
def test_strict_and_by_label_count_as_a_plain_loop_does(n_cases):
    rng = random.Random(n_cases)
    for _ in range(n_cases):
        gold, guess = ([random_spans(rng) for _ in range(3)] for _ in range(2))
        right = sum(span in wanted for wanted, found in zip(gold, guess, strict=True) for span in found)
        assert spans.strict(gold, guess) == Counts(right, sum(map(len, guess)), sum(map(len, gold)))
        parts = spans.by_label(gold, guess).values()
        assert sum(parts, Counts()) == spans.strict(gold, guess)


@settings(deadline=None)
@given(DOCUMENTS)
def test_perfect_predictions_score_one(documents):
    score = 1.0 if any(documents) else 0.0
    assert spans.strict(documents, documents).f1 == spans.partial(documents, documents).f1 == score


@settings(deadline=None)
@given(st.lists(st.tuples(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9))), max_size=4))
def test_partial_is_never_below_strict(pairs):
    gold, guess = (
        ([{(i, i + 2, "x") for i in side} for side in sides] for sides in zip(*pairs, strict=True))
        if pairs
        else ([], [])
    )
    gold, guess = list(gold), list(guess)
    assert spans.partial(gold, guess).correct >= spans.strict(gold, guess).correct


def test_triples_are_sets_of_three_parts():
    gold = [{("糖尿病", "临床表现", "多尿"), ("糖尿病", "药物治疗", "胰岛素")}]
    guess = [[("糖尿病", "临床表现", "多尿"), ("糖尿病", "临床表现", "多尿"), ("糖尿病", "药物治疗", "多尿")]]
    assert triples.strict(gold, guess) == Counts(1, 2, 2)
    assert triples.by_predicate(gold, guess)["药物治疗"] == Counts(0, 1, 1)
    placed = [{((0, 3), "临床表现", (6, 8))}]
    assert triples.strict(placed, [{((0, 3), "临床表现", (9, 11))}]) == Counts(0, 1, 1)


def test_documents_must_pair_up():
    for score in (spans.strict, spans.partial, spans.nested_recall, spans.by_label, triples.strict):
        with pytest.raises(MedencError, match="2 gold items but 1 predictions"):
            score([set(), set()], [set()])
