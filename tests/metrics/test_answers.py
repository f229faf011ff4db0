import random
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.metrics.answers import apply_threshold, best_threshold, compare, exact, f1, normalize, summarize

CASES = pytest.mark.parametrize("n_cases", [300, pytest.param(10_000, marks=pytest.mark.slow)])
WORDS = ["the", "The", "a", "an", "BRCA1", "brca1,", "gene.", "p53", "(IL-6)", "heart", "failure", "é", "-", "an."]


@pytest.mark.parametrize(
    ("text", "unit", "normal"),
    [
        ("The  BRCA1 gene, a.k.a. an oncogene!", "word", "brca1 gene aka oncogene"),
        ("theatre a", "word", "theatre"),
        ("（2型）糖尿病。", "character", "2型糖尿病"),
        ("  고혈압,  당뇨 ", "character", "고혈압 당뇨"),
        (unicodedata.normalize("NFD", "고혈압"), "character", "고혈압"),
        ("...", "word", ""),
    ],
)
def test_normal_forms(text, unit, normal):
    assert normalize(text, unit) == normal


def test_units():
    assert f1("heart failure", "the failure of a heart valve", "word") == pytest.approx(2 * 2 / (2 + 4))
    assert f1("고혈압", "고혈압을", "word") == 0
    assert f1("고혈압", "고혈압을", "character") == pytest.approx(2 * 3 / (3 + 4))
    assert f1("多尿、多饮", "多尿", "character") == pytest.approx(2 * 2 / (4 + 2))
    assert exact("The TP53", "tp53.", "word") == 1
    assert f1("", "x") == f1("x", "") == 0
    assert f1("", "the") == 1  # both are nothing after normalisation


def plain_f1(gold, guess):
    """The SQuAD 2.0 definition by removing matches from a list one at a time."""

    def tokens(text):
        text = "".join(c for c in text.lower() if not (c.isascii() and not c.isalnum() and not c.isspace()))
        return [word for word in text.split() if word not in ("a", "an", "the")]

    wanted, found = tokens(gold), tokens(guess)
    if not wanted or not found:
        return float(wanted == found), float(wanted == found)
    left, same = list(wanted), 0
    for token in found:
        if token in left:
            left.remove(token)
            same += 1
    precision, recall = same / len(found), same / len(wanted)
    return float(wanted == found), 0.0 if same == 0 else 2 * precision * recall / (precision + recall)


@CASES
def test_as_the_squad_script_defines_it(n_cases):
    rng = random.Random(n_cases)
    for _ in range(n_cases):
        gold, guess = (" ".join(rng.choices(WORDS, k=rng.randint(0, 6))) for _ in range(2))
        assert (exact(gold, guess), f1(gold, guess)) == pytest.approx(plain_f1(gold, guess))


def test_the_best_accepted_answer_counts_and_silence_counts_as_wrong():
    gold = {"1": ["beta blocker", "propranolol"], "2": [], "3": ["x"], "4": []}
    values = compare(gold, {"1": "Propranolol", "2": "", "4": "something"})
    assert values["exact"] == {"1": 1, "2": 1, "3": 0, "4": 0}
    assert summarize(gold, values) == {
        "exact": 0.5,
        "f1": 0.5,
        "has_answer_exact": 0.5,
        "has_answer_f1": 0.5,
        "no_answer_exact": 0.5,
        "no_answer_f1": 0.5,
    }


def test_an_accepted_answer_of_articles_alone_is_none():
    assert compare({"1": ["The", "x"]}, {"1": ""})["exact"] == {"1": 0}
    assert compare({"1": ["The"]}, {"1": ""})["exact"] == {"1": 1}


def test_there_is_no_score_for_kinds_of_question_that_are_not_there():
    gold = {"1": ["x"]}
    assert set(summarize(gold, compare(gold, {"1": "x"}))) == {"exact", "f1", "has_answer_exact", "has_answer_f1"}


def test_the_threshold_that_reaches_most():
    gold = {"a": ["x"], "b": ["y"], "c": [], "d": []}
    predicted = {"a": "x", "b": "y", "c": "z", "d": "z"}
    nulls = {"a": -3.0, "b": 0.5, "c": 1.0, "d": 0.7}
    found = best_threshold(gold, predicted, nulls)
    assert (found.value, found.score) == (0.5, 1.0)
    thresholded = apply_threshold(predicted, nulls, found.value)
    assert thresholded == {"a": "x", "b": "y", "c": "", "d": ""}


@CASES
def test_no_other_threshold_is_better(n_cases):
    rng = random.Random(n_cases)
    for _ in range(n_cases):
        ids = [str(i) for i in range(rng.randint(1, 8))]
        gold = {id_: rng.choice([[], ["x"], ["x y"]]) for id_ in ids}
        predicted = {id_: rng.choice(["", "x", "y", "x y z"]) for id_ in ids}
        nulls = {id_: float(rng.randint(-2, 2)) for id_ in ids}  # ties are common
        found = best_threshold(gold, predicted, nulls)

        def reached(threshold, gold=gold, predicted=predicted, nulls=nulls):
            return np.mean(list(compare(gold, apply_threshold(predicted, nulls, threshold))["f1"].values()))

        assert found.score == pytest.approx(reached(found.value))
        assert found.score == pytest.approx(max(reached(t) for t in (-9, *sorted(set(nulls.values())))))


@settings(deadline=None)
@given(
    st.dictionaries(st.text(min_size=1), st.lists(st.text(), max_size=3), min_size=1),
    st.sampled_from(["word", "character"]),
)
def test_perfect_answers_score_one(gold, unit):
    values = compare(gold, {id_: answers[0] if answers else "" for id_, answers in gold.items()}, unit)
    for id_, answers in gold.items():
        if not answers or normalize(answers[0], unit):
            assert values["exact"][id_] == values["f1"][id_] == 1


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(MedencError, match="nothing to score"):
        summarize({}, compare({}, {}))
    with pytest.raises(MedencError, match="1 questions have no prediction or no null score"):
        best_threshold({"a": []}, {"a": "x"}, {})
