"""Keyword queries that a terminology makes for a passage."""

import pytest

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.records import Name, Passage

TERMS = {
    "C1": {"ko": {"고혈압"}, "en": {"hypertension", "HTN"}},
    "C2": {"ko": {"당뇨병"}, "en": {"diabetes"}},
    "C3": {"en": {"asthma"}},
}
PASSAGES = [Passage("a", "고혈압과 당뇨병을 함께 본다."), Passage("b", "아무것도 없다."), Passage("c", "asthma")]


@pytest.fixture
def terms(tmp_path):
    rows = [f"{id_}\t{lang}\t{t}\n" for id_, names in TERMS.items() for lang in names for t in sorted(names[lang])]
    (tmp_path / "terms.tsv").write_text("".join(rows), encoding="utf-8")
    return tmp_path / "terms.tsv"


def pairs(terms, records=PASSAGES, **options):
    transform = build("transform", {"use": "term_queries", "terms": terms, **options}, "test")
    return list(transform.apply(records))


def test_queries_name_what_the_passage_mentions(terms):
    found = pairs(terms, languages=["en"], copies=40, most=2)
    named = {"hypertension", "HTN", "diabetes"}
    queries = {pair.query for pair in found if pair.passage_id == "a"}
    assert named <= queries
    assert "hypertension diabetes" in queries or "diabetes hypertension" in queries
    assert {pair.query for pair in found if pair.passage_id == "c"} == {"asthma"}
    assert "b" not in {pair.passage_id for pair in found}
    assert len({pair.query_id for pair in found}) == len(found)


def test_a_language_without_a_name_gives_no_query(terms):
    assert not [pair for pair in pairs(terms, languages=["ko"]) if pair.passage_id == "c"]


def test_most_bounds_the_concepts_of_a_query(terms):
    assert {pair.query for pair in pairs(terms, languages=["ko"], copies=40, most=1)} == {"고혈압", "당뇨병"}


def test_the_seed_and_the_id_decide_whatever_stands_around(terms):
    whole = [pair for pair in pairs(terms) if pair.passage_id == "a"]
    assert whole == pairs(terms, records=PASSAGES[:1])
    assert len({tuple(pair.query for pair in pairs(terms, seed=seed)) for seed in range(8)}) > 1


def test_other_records_are_refused(terms):
    with pytest.raises(MedencError, match="expected passages, found a Name"):
        pairs(terms, records=[Name("C1", "x")])
