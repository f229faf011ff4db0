"""Terms replaced by their names in another language, and nothing else."""

import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.records import Name, Pair, Passage
from medenc.data.switching import Lexicon

NAMES = [
    Name("C1", "고혈압", "ko"),
    Name("C1", "高血压", "zh"),
    Name("C1", "Hypertension", "en"),
    Name("C2", "당뇨병", "ko"),
    Name("C2", "糖尿病", "zh"),
    Name("C2", "diabetes", "en"),
    Name("C3", "당뇨병 콩팥병", "ko"),
    Name("C3", "糖尿病肾病", "zh"),
    Name("C4", "암", "ko"),
    Name("C4", "cancer", "en"),
    Name("C5", "AF", "en"),
    Name("C5", "심방세동", "ko"),
]
LEXICON = Lexicon(NAMES)
CARD = "아버지가 고혈압인데 그게 뭔지 모르겠어. 고혈압이 뭔지 설명좀 해줘."


def switched(text, particles="space", languages=("en",), seed=0):
    return LEXICON.switched(text, random.Random(seed), particles, languages)


@pytest.mark.parametrize(
    ("particles", "expected"),
    [
        ("space", "아버지가 Hypertension 인데 그게 뭔지 모르겠어. Hypertension 이 뭔지 설명좀 해줘."),
        ("attach", "아버지가 Hypertension인데 그게 뭔지 모르겠어. Hypertension이 뭔지 설명좀 해줘."),
        ("drop", "아버지가 Hypertension 그게 뭔지 모르겠어. Hypertension 뭔지 설명좀 해줘."),
    ],
)
def test_the_published_example_in_three_ways(particles, expected):
    assert switched(CARD, particles) == expected


@pytest.mark.parametrize(
    ("text", "languages", "expected"),
    [
        ("고혈압성 위암 고혈압약", ("en",), "고혈압성 위암 고혈압약"),  # parts of longer words
        ("암은 위암과 다르다", ("en",), "cancer 은 위암과 다르다"),
        ("AFib diabetestype prediabetes", ("ko",), "AFib diabetestype prediabetes"),
        ("AF가 있는 diabetes 환자", ("ko",), "심방세동가 있는 당뇨병 환자"),
        ("AF환자", ("ko",), "AF환자"),  # 환자 is no particle: AF is a part of a compound
        ("患有糖尿病肾病的高血压患者", ("ko",), "患有당뇨병 콩팥병的고혈압患者"),  # the longest name
        ("HYPERTENSION", ("ko",), "고혈압"),
        ("2糖尿病3", ("en",), "2 diabetes 3"),
        ("고혈압", ("ko",), "고혈압"),  # no name in another of these languages
        ("고혈압과 당뇨병을", ("zh",), "高血压 과 糖尿病 을"),
        ("", ("en",), ""),
    ],
)
def test_words(text, languages, expected):
    assert switched(text, languages=languages) == expected


def test_decomposed_hangul_is_the_same_word():
    assert switched(unicodedata.normalize("NFD", "고혈압")) == "Hypertension"


@settings(max_examples=100)
@given(
    st.lists(st.sampled_from([name.term for name in NAMES] + [" ", "이", "성", "은 ", ".", "x", "İ", "3"]), max_size=12)
)
def test_mentions_are_names_at_their_place_and_do_not_overlap(parts):
    text = "".join(parts)
    terms = {name.term.lower() for name in NAMES}
    end = 0
    for mention in LEXICON.mentions(text):
        assert end <= mention.start < mention.end <= mention.particle_end <= len(text)
        assert text[mention.start : mention.end].lower() in terms
        end = mention.end


@pytest.fixture
def terms(tmp_path):
    path = tmp_path / "terms.tsv"
    path.write_text("".join(f"{n.concept_id}\t{n.language}\t{n.term}\n" for n in NAMES), encoding="utf-8")
    return path


PAIRS = [
    Pair("q1", CARD, "p1", "고혈압은 흔하다", concepts=frozenset({"x"})),
    Pair("q2", "머리가 아파요", "p2", "편두통"),
]


def apply(terms, **options):
    transform = build("transform", {"use": "code_switch", "terms": terms, **options}, "test")
    return list(transform.apply(PAIRS))


def test_copies_follow_their_pair_and_keep_its_ids(terms):
    first, copy, second = apply(terms)
    assert (first, second) == tuple(PAIRS)
    assert (copy.query_id, copy.passage_id, copy.concepts) == ("q1", "p1", frozenset({"x"}))
    assert copy.query != CARD
    assert copy.passage == PAIRS[0].passage


def test_sides(terms):
    copy = apply(terms, sides=["query", "passage"], languages=["en"])[1]
    assert copy.passage == "Hypertension 은 흔하다"
    assert copy.query.startswith("아버지가 Hypertension 인데")
    assert apply(terms, sides=["passage"], languages=["en"])[1].query == CARD


def test_the_choice_is_a_function_of_seed_and_row(terms):
    assert apply(terms) == apply(terms)
    assert len({apply(terms, seed=seed)[1].query for seed in range(20)}) == 2  # 高血压 and Hypertension
    assert len(apply(terms, copies=20)) == len(PAIRS) + 2  # no copy twice


def test_other_records_are_refused(terms):
    transform = build("transform", {"use": "code_switch", "terms": terms}, "test")
    with pytest.raises(MedencError, match="expected pairs, found a Passage"):
        list(transform.apply([Passage("1", "x")]))
