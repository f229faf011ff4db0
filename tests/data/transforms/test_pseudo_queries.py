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


def test_passages_that_answer_one_training_query_answer_each_other(tmp_path):
    (tmp_path / "qrels").mkdir()
    head = "query-id\tcorpus-id\tscore\n"
    (tmp_path / "qrels" / "train.tsv").write_text(head + "q1\ta.ko\t2\nq1\ta.en\t2\nq1\tb\t1\n")
    (tmp_path / "qrels" / "test.tsv").write_text(head + "q2\ta.ko\t2\nq2\tb\t2\n")
    found = pairs(judged=tmp_path)
    assert [(pair.query, pair.passage_id) for pair in found] == [
        ("고혈압", "a.en"),
        ("고혈압", "a.ko"),
        ("Hypertension", "a.en"),
        ("Hypertension", "a.ko"),
        ("Asthma", "b"),
    ]
    assert found[0].positives == {"a.ko", "a.en"}
    assert found[4].positives == {"b"}  # of the least grade alone, and in the test split
    assert ("고혈압", "b") in [(pair.query, pair.passage_id) for pair in pairs(judged=tmp_path, min_grade=1)]


def test_sentences_are_queries_of_their_own():
    found = pairs(parts=["sentence"])
    assert [pair.query for pair in found] == ["혈압을 잰다.", "기록한다.", "Measure it daily.", "Use the inhaler."]
    assert len({pair.query_id for pair in found}) == 4


def test_other_records_are_refused():
    transform = build("transform", {"use": "pseudo_queries"}, "test")
    with pytest.raises(MedencError, match="expected passages, found a Name"):
        list(transform.apply([Name("C1", "x")]))
