"""Titles and sentences as queries."""

import pytest

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.records import Name, Passage

PASSAGES = [
    Passage("a.ko", "혈압을 잰다. 기록한다.", "고혈압", {"topic": "bp"}),
    Passage("a.en", "Measure it daily.", "Hypertension", {"topic": "bp"}),
    Passage("b", "Use the inhaler.", "Asthma"),
]


def pairs(**options):
    transform = build("transform", {"use": "pseudo_queries", **options}, "test")
    return list(transform.apply(PASSAGES))


def test_a_title_asks_for_its_passage():
    found = pairs()
    assert [(pair.query, pair.passage_id) for pair in found] == [
        ("고혈압", "a.ko"),
        ("Hypertension", "a.en"),
        ("Asthma", "b"),
    ]
    assert found[0].passage == PASSAGES[0].content
    assert len({pair.query_id for pair in found}) == 3


def test_passages_of_one_topic_answer_each_other_and_are_no_negatives():
    found = pairs(topic="topic")
    assert [(pair.query, pair.passage_id) for pair in found] == [
        ("고혈압", "a.ko"),
        ("고혈압", "a.en"),
        ("Hypertension", "a.ko"),
        ("Hypertension", "a.en"),
        ("Asthma", "b"),
    ]
    assert found[0].positives == {"a.ko", "a.en"}
    assert found[0].concepts == found[3].concepts != found[4].concepts


def test_sentences_are_queries_of_their_own():
    found = pairs(parts=["sentence"])
    assert [pair.query for pair in found] == ["혈압을 잰다.", "기록한다.", "Measure it daily.", "Use the inhaler."]
    assert len({pair.query_id for pair in found}) == 4


def test_other_records_are_refused():
    transform = build("transform", {"use": "pseudo_queries"}, "test")
    with pytest.raises(MedencError, match="expected passages, found a Name"):
        list(transform.apply([Name("C1", "x")]))
