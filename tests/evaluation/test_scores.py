from pathlib import Path

import pytest

from medenc.core.errors import MedencError
from medenc.data.records import Passage, Query
from medenc.data.retrieval import RetrievalData
from medenc.evaluation.retrieval import evaluate, find_leaks
from medenc.evaluation.trained import TrainQueries

N = 20
PASSAGES = [Passage(f"p{i}", f"text {i}", f"the title of number {i}") for i in range(N)]
QUERIES = [
    Query(f"q{i}", f"what is it about {i} of them", {"language": "ko" if i % 2 else "zh", "kind": "plain"})
    for i in range(N)
]
DATA = RetrievalData(PASSAGES, QUERIES, {f"q{i}": {f"p{i}": 1} for i in range(N)}, Path("data"))


def seen(queries):
    return TrainQueries(queries, ["data, train"], [])


def search(mode, queries, top):
    """`good` finds all; `half` answers only the first ten; `none` finds nothing."""
    numbers = {"good": range(N), "half": range(10), "none": ()}[mode]
    return {f"q{i}": [(f"p{i}", 1.0), ("p0" if i else "p1", 0.5)][:top] for i in numbers}


def test_scores_intervals_and_tests_of_every_mode():
    found = evaluate(DATA, "dev", search, ["good", "half", "none"], ["nDCG@10", "MRR@10"])
    numbers = found.to_json()
    assert set(numbers) == {"data", "split", "n_queries", "scores", "intervals", "tests", "slices", "leaks"}
    assert (numbers["data"], numbers["split"], numbers["n_queries"]) == ("data", "dev", N)
    assert numbers["scores"] == {
        "good": {"nDCG@10": 1.0, "RR@10": 1.0},
        "half": {"nDCG@10": 0.5, "RR@10": 0.5},
        "none": {"nDCG@10": 0.0, "RR@10": 0.0},
    }
    low, high = numbers["intervals"]["half"]["RR@10"]
    assert 0.2 < low < 0.5 < high < 0.8
    assert [(t["a"], t["b"], t["measure"], t["difference"]) for t in numbers["tests"]] == [
        (a, b, m, d)
        for a, b, d in (("good", "half", 0.5), ("good", "none", 1.0), ("half", "none", 0.5))
        for m in ("nDCG@10", "RR@10")
    ]
    assert all(0 < t["p"] < 0.01 and t["interval"][0] > 0 for t in numbers["tests"])


@pytest.mark.parametrize(("measures", "depth"), [(["nDCG@10", "R@50"], 50), (["RR@5", "AP"], 1000)])
def test_the_search_is_as_deep_as_the_deepest_measure(measures, depth):
    asked = []
    evaluate(DATA, "dev", lambda mode, queries, top: asked.append(top) or {}, ["good"], measures)
    assert asked == [depth]


def test_leaks_are_looked_for_before_anything_is_searched_and_scored_apart():
    def refused(mode, queries, top):
        raise AssertionError("searched before an error was found")

    with pytest.raises(MedencError, match="no query has the metadata 'langage'"):
        evaluate(DATA, "dev", refused, ["good"], slices=["langage"])
    train = [Query("t0", "WHAT is it about 3 of them"), Query("t1", "what is it about 15 of them!")]
    found = evaluate(DATA, "dev", search, ["half"], ["RR@10"], seen(train))
    leaks = found.leaks
    assert leaks["queries"]["exact_ids"] == [["q3", "t0"]]
    assert "q15" in {row[0] for row in leaks["queries"]["near_ids"]}
    gone = {row[0] for key in ("exact_ids", "near_ids") for row in leaks["queries"][key]}
    left = [i for i in range(N) if f"q{i}" not in gone]
    assert leaks["scores_without"]["half"]["RR@10"] == pytest.approx(sum(i < 10 for i in left) / len(left))
    assert found.to_json()["scores"]["half"]["RR@10"] == 0.5


def test_unknown_training_queries_are_said_to_be_unknown_and_titles_are_compared():
    data = RetrievalData(PASSAGES, [Query("q0", "THE title of number 4")], {"q0": {"p0": 1}}, Path("d"))
    leaks = find_leaks(data, None)
    assert leaks["queries"] is None
    assert leaks["titles"]["exact_ids"] == [["q0", "p4"]]
    assert "scores_without" not in evaluate(data, "x", search, ["good"], trained=seen([])).leaks


def test_when_every_query_leaks_nothing_is_left_to_score():
    found = evaluate(DATA, "dev", search, ["good"], ["RR@10"], seen(QUERIES))
    assert found.leaks["scores_without"] == {}


def test_slices_by_what_the_queries_say_of_themselves():
    found = evaluate(DATA, "dev", search, ["half"], ["RR@10"])
    assert [(s.field, s.value, s.n_queries) for s in found.slices] == [
        ("language", "ko", 10),
        ("language", "zh", 10),
        ("kind", "plain", 20),
        ("length", "26 characters", 10),
        ("length", "27 characters", 10),
    ]
    assert found.slices[0].scores == {"half": {"RR@10": 0.5}}
    assert found.slices[0].intervals["half"]["RR@10"][0] < 0.5
    assert evaluate(DATA, "dev", search, ["half"], slices=[]).slices == []


@pytest.mark.parametrize(("modes", "measures"), [([], ["AP"]), (["good"], [])])
def test_nothing_to_measure(modes, measures):
    with pytest.raises(MedencError, match="nothing to measure"):
        evaluate(DATA, "dev", search, modes, measures)
