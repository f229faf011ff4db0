import random

import pytest

from medenc.core.errors import MedencError
from medenc.metrics.bioasq import factoid, lists, mean, yes_no

CASES = pytest.mark.parametrize("n_cases", [300, pytest.param(10_000, marks=pytest.mark.slow)])
GOLD_FACTOID = {"a": [["TP53", "p53"]], "b": [["BRCA1"]]}
SYSTEM_FACTOID = {"a": [["foo", "P53"], ["P53"]], "b": [*[[f"wrong {i}"] for i in range(5)], ["BRCA1"]]}


def ten_numbers(factoids, listed, decided):
    return [
        decided["accuracy"],
        *(mean(factoids[name]) for name in ("strict", "lenient", "rr")),
        *(mean(listed[name]) for name in ("precision", "recall", "f1")),
        *(decided[name] for name in ("macro_f1", "f1_yes", "f1_no")),
    ]


@pytest.mark.parametrize(
    ("all_synonyms", "expected"),
    [
        (False, [1.0, 0.0, 1.0, 0.3333, 0.3333, 0.3333, 0.3333, 0.5, 1.0, 0.0]),  # evaluator versions 5, 8, 9
        (True, [1.0, 0.5, 1.0, 0.5833, 0.3333, 0.3333, 0.3333, 0.5, 1.0, 0.0]),  # version 3
    ],
)
def test_the_ten_numbers_of_the_official_evaluator(all_synonyms, expected):
    factoids = factoid(GOLD_FACTOID, SYSTEM_FACTOID, cap=None, all_synonyms=all_synonyms)
    listed = lists({"d": [["A", "aa"], ["B"], ["C"]]}, {"d": [["a"], ["AA"], ["zzz"]]}, all_synonyms=all_synonyms)
    decided = yes_no({"c": "yes"}, {"c": "Yes"})
    assert ten_numbers(factoids, listed, decided) == pytest.approx(expected, abs=5e-5)


def test_strings_are_compared_exactly_and_missing_questions_skipped_as_that_program_does():
    gold, system = {**GOLD_FACTOID}, {"a": [["foo"], ["P53"]], "b": [["brca1 gene"], ["BRCA1 "]]}
    factoids = factoid(gold, system, cap=None, skip_missing=True)
    assert [mean(factoids[name]) for name in ("strict", "lenient", "rr")] == [0, 0.5, 0.25]
    assert yes_no({"c": "yes"}, {}, skip_missing=True)["accuracy"] == 0


def test_ours_looks_at_five_entries_and_counts_every_question():
    factoids = factoid(GOLD_FACTOID, {"b": SYSTEM_FACTOID["b"]})
    assert factoids["lenient"] == {"a": 0, "b": 0}
    assert lists({"d": [["A"]], "e": [["B"]]}, {"d": [["a"]]})["f1"] == {"d": 1, "e": 0}
    assert yes_no({"c": "yes", "d": "no"}, {"c": "yes"})["accuracy"] == 0.5


def test_all_yes_gold_reaches_a_half():
    scores = yes_no({"a": "yes", "b": "yes"}, {"a": "yes", "b": "Yes, it does."})
    assert (scores["accuracy"], scores["macro_f1"]) == (1, 0.5)


def test_an_answer_to_another_question_is_refused():
    with pytest.raises(MedencError, match="answers to 1 questions"):
        factoid(GOLD_FACTOID, {"z": []})


@CASES
def test_yes_no_as_scikit_learn(n_cases):
    sk = pytest.importorskip("sklearn.metrics")
    rng = random.Random(n_cases)
    for _ in range(n_cases):
        ids = [str(i) for i in range(rng.randint(1, 12))]
        gold = {id_: rng.choice(["yes", "no"]) for id_ in ids}
        guess = {id_: rng.choice(["yes", "no", "YES.", "No"]) for id_ in ids}
        plain = ["yes" if "yes" in guess[id_].lower() else "no" for id_ in ids]
        expected = sk.f1_score(list(gold.values()), plain, labels=["yes", "no"], average=None, zero_division=0)
        scores = yes_no(gold, guess)
        assert (scores["f1_yes"], scores["f1_no"]) == pytest.approx(tuple(expected))
        assert scores["macro_f1"] == pytest.approx(sum(expected) / 2)


@CASES
def test_factoid_and_list_as_their_plain_definitions(n_cases):
    rng = random.Random(n_cases)
    for _ in range(n_cases):
        names = "abcdefg"
        shuffled = rng.sample(names, k=7)
        gold = {"q": [shuffled[:2], shuffled[2:3], shuffled[3:4]]}
        entries = [[rng.choice(names).upper()] for _ in range(rng.randint(0, 7))]
        right = [entry[0].lower() in shuffled[:4] for entry in entries[:5]]
        factoids = factoid(gold, {"q": entries})
        assert factoids["strict"]["q"] == (right[:1] == [True])
        assert factoids["rr"]["q"] == (1 / (right.index(True) + 1) if any(right) else 0)
        found = {shuffled[:4].index(entry[0].lower()) // 1 for entry in entries if entry[0].lower() in shuffled[:4]}
        hit = len({max(0, index - 1) for index in found})  # the first two names are one entry
        assert lists(gold, {"q": entries})["recall"]["q"] == pytest.approx(hit / 3)
        precision = hit / len(entries) if entries else 0
        assert lists(gold, {"q": entries})["precision"]["q"] == pytest.approx(precision)
