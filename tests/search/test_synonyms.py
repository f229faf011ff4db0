"""Hits that share no word with the query say which other name of the same concept they have."""

import time

import pytest

from medenc.core.errors import MedencError
from medenc.core.files import write_bytes
from medenc.data.records import Name, Passage
from medenc.search import synonyms
from medenc.search.index import Index
from medenc.text.analyzer import Analyzer

NAMES = [
    *(Name("C1", term, language) for term, language in [("고혈압", "ko"), ("高血压", "zh"), ("hypertension", "en")]),
    Name("C1", "high blood pressure", "en"),
    *(
        Name("C2", term, language)
        for term, language in [("당뇨병", "ko"), ("糖尿病", "zh"), ("diabetes mellitus", "en")]
    ),
    *(Name("C3", term, language) for term, language in [("糖尿病肾病", "zh"), ("diabetic nephropathy", "en")]),
    *(Name("C4", term, language) for term, language in [("MS", "en"), ("다발성 경화증", "ko")]),
]
PASSAGES = [
    Passage("ko", "고혈압으로 약을 먹고 있으며 당뇨병은 없다."),
    Passage("zh", "患者有高血壓病史十年，无糖尿病。"),
    Passage("en", "Prehypertension aside, Hypertension and HIGH  BLOOD pressure mean the same.", "Diabetes mellitus"),
    Passage("kidney", "Diabetic nephropathy progresses slowly; systems fail late."),
]


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    made = Index.create(tmp_path_factory.mktemp("explained") / "index", Analyzer([n.term for n in NAMES]), names=NAMES)
    made.add(PASSAGES)
    return made


def found(index, query, id_):
    """{term: [what stands in the text]} of the synonyms of one document, whatever its rank."""
    hits = index._terminology.explain(query, index.search("고혈압 高血压 hypertension diabetic").hits)
    (hit,) = [hit for hit in hits if hit.id == id_]
    return {one.term: [hit.text[start:end] for start, end in one.spans] for one in hit.synonyms}


@pytest.mark.parametrize("query", ["고혈압의 치료", "高血压治疗", "treatment of Hypertension"])
def test_other_names_are_found_in_every_language(explained, query):
    names = {"ko": "고혈압", "zh": "高血压"}
    for id_, name in names.items():
        expected = {} if name in query else {name: [{"ko": "고혈압", "zh": "高血壓"}[id_]]}
        assert found(explained, query, id_) == expected


def test_words_are_whole_whatever_their_case_and_spaces(explained):
    assert found(explained, "고혈압", "en") == {
        "hypertension": ["Hypertension"],  # and not the end of Prehypertension
        "high blood pressure": ["HIGH  BLOOD pressure"],
    }
    assert found(explained, "다발성 경화증", "kidney") == {}  # the MS in systems is none


def test_a_name_in_the_title_has_no_place_in_the_text(explained):
    assert found(explained, "당뇨병 환자", "en") == {"diabetes mellitus": []}


def test_of_overlapping_names_the_longest_counts(explained):
    assert [one.text for one in explained._terminology.asked("糖尿病肾病和高血压")] == ["糖尿病肾病", "高血压"]
    assert found(explained, "糖尿病肾病", "kidney") == {"diabetic nephropathy": ["Diabetic nephropathy"]}


def test_search_gives_them_with_their_concept(explained):
    hit = next(hit for hit in explained.search("당뇨병 hypertension 患者").hits if hit.id == "zh")
    assert {(one.concept_id, one.asked, one.term) for one in hit.synonyms} == {
        ("C1", "hypertension", "高血压"),
        ("C2", "당뇨병", "糖尿病"),
    }
    assert hit.to_json()["synonyms"][0].keys() == {"concept_id", "asked", "term", "spans"}


@pytest.mark.parametrize("written", ["İNSULİN", "ınsulın", "INSULİN"])
def test_a_dotted_or_dotless_i_is_no_name_and_no_failure(tmp_path, written):
    """Seen to fail: they match an i whatever the case, but fold to another letter, which no name has."""
    names = [Name("C1", "인슐린", "ko"), Name("C1", "insulin", "en")]
    made = Index.create(tmp_path / "index", Analyzer(), names=names)
    made.add([Passage("tr", f"인슐린 {written} glargine"), Passage("en", "인슐린 (Insulin) glargine")])
    synonyms = {hit.id: [one.term for one in hit.synonyms] for hit in made.search("인슐린").hits}
    assert synonyms == {"tr": [], "en": ["insulin"]}


def test_places_of_names_are_looked_for_nearby():
    """Seen to fail when every end was held against every start: four times the text took 13 times as long."""

    def seconds(text):
        begun = time.process_time()
        spans = list(synonyms._spans(text))
        assert {end - start for start, end in spans} == set(range(synonyms.SHORTEST, synonyms.LONGEST + 1))
        return time.process_time() - begun

    short, long = (min(seconds("糖尿病肾" * n) for _ in range(3)) for n in (250, 1000))
    assert long < 8 * short


def test_a_half_made_terminology_can_be_made_again(tmp_path):
    """Seen to fail: a kill between the terminology and the settings left a folder that no second attempt got past."""
    half = tmp_path / "index/terminology/names.concept.npy"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"cut")
    made = Index.create(tmp_path / "index", Analyzer(), names=NAMES)
    made.add(PASSAGES)
    assert made.verify() == []
    assert found(made, "당뇨병 환자", "en") == {"diabetes mellitus": []}


def test_a_file_in_the_place_of_the_terminology_is_named(tmp_path):
    (tmp_path / "index").mkdir()
    (tmp_path / "index/terminology").write_bytes(b"")
    with pytest.raises(MedencError, match="cannot write: File exists"):
        Index.create(tmp_path / "index", Analyzer(), names=NAMES)


def test_a_damaged_terminology_is_named(tmp_path):
    made = Index.create(tmp_path / "index", Analyzer(), names=NAMES)
    made.add(PASSAGES)
    assert made.verify() == []
    write_bytes(tmp_path / "index/terminology/names.concept.npy", b"")
    assert made.verify() == ["terminology/names.concept.npy"]
