"""Which candidates become negatives, worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.data.records import Passage
from medenc.search.mining import Filters, Miner

LONG = "Amlodipine lowers blood pressure by relaxing the arteries; ankle swelling is its common side effect."
TEXTS = {
    "p": LONG,
    "same": LONG.upper(),
    "near": LONG.replace("common", "commonest"),
    "concept": "Nifedipine is taken once a day.",
    "x": "Metformin lowers HbA1c.",
    "y": "천식에는 흡입 스테로이드를 쓴다.",
    "z": "房颤需要抗凝。",
}
CONCEPTS = {"p": "CCB", "concept": "CCB", "x": "biguanide"}
PASSAGES = {
    id_: Passage(id_, text, metadata={"class": CONCEPTS[id_]} if id_ in CONCEPTS else {}) for id_, text in TEXTS.items()
}
HITS = [("same", 0.95), ("near", 0.9), ("p", 0.8), ("concept", 0.7), ("x", 0.6), ("y", 0.5), ("z", 0.4)]


def chosen(positives=None, *, rejected=(), count=10, **filters):
    miner = Miner(PASSAGES, Filters(**filters), count, "top", 0)
    mined = miner.choose("q", HITS, positives or {"p": 0.8}, rejected)
    return [id_ for id_, _ in mined.hits], dict(miner.dropped)


@pytest.mark.parametrize(
    ("filters", "expected", "dropped"),
    [
        ({"near_duplicate": None}, ["near", "concept", "x", "y", "z"], {"positive": 1, "same text": 1}),
        ({}, ["concept", "x", "y", "z"], {"positive": 1, "same text": 1, "near duplicate": 1}),
        ({"skip_top": 5}, ["y", "z"], {"skip_top": 5}),
        ({"concepts": ["class"]}, ["x", "y", "z"], {"positive": 1, "same text": 1, "near duplicate": 1, "concept": 1}),
        ({"margin": 0.15}, ["x", "y", "z"], {"positive": 1, "score": 3}),  # below 0.65
        ({"relative_margin": 0.3}, ["y", "z"], {"positive": 1, "score": 4}),  # below 0.56
        ({"max_score": 0.5}, ["z"], {"positive": 1, "score": 5}),
    ],
)
def test_filters_by_hand(filters, expected, dropped):
    assert chosen(**filters) == (expected, dropped)


def test_a_relative_margin_lies_below_a_negative_score():
    """Seen to fail with the share of the score multiplied, which puts the threshold above it."""
    assert Filters(relative_margin=0.05).threshold(-2.0) == pytest.approx(-2.1)
    assert Filters(relative_margin=0.05).threshold(2.0) == pytest.approx(1.9)


def test_the_weakest_positive_decides_and_a_persons_verdict_counts():
    assert chosen({"p": 0.8, "x": 0.6}, margin=0.0)[0] == ["y", "z"]
    assert chosen(rejected={"concept", "z"})[0] == ["x", "y"]


def test_the_excess_is_what_a_person_should_look_at():
    mined = Miner(PASSAGES, Filters(near_duplicate=None), 3, "top", 0).choose("q", HITS, {"p": 0.8})
    assert mined.excess == pytest.approx(0.1)


@given(st.permutations(["q1", "q2", "q3"]), st.integers(1, 6))
def test_random_negatives_depend_on_the_query_alone(order, count):
    def drawn(queries):
        miner = Miner(PASSAGES, Filters(), count, "random", 7)
        return {query: miner.choose(query, HITS, {"p": 0.8}).hits for query in queries}

    found = drawn(order)
    assert found == drawn(["q1", "q2", "q3"])
    for hits in found.values():
        assert len(hits) == min(count, 4)
        assert hits == sorted(hits, key=lambda hit: -hit[1])


def test_a_document_that_the_data_does_not_have_is_named():
    """Seen to fail with a KeyError: the index may be of a larger corpus than the folder that is mined."""
    with pytest.raises(MedencError, match="the index has a document that the data has not: elsewhere"):
        Miner(PASSAGES, Filters(), 1, "top", 0).choose("q", [("elsewhere", 0.5)], {"p": 0.8})
