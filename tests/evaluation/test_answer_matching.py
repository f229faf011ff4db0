"""Answers in passages: Korean particles, unspaced Chinese, numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.data.records import Passage, Query
from medenc.evaluation.answers import Matcher, cutoff, success

MATCHER = Matcher()


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("고혈압", "고혈압은 뇌졸중의 위험 인자이다."),
        ("프레드니솔론", "하루 5mg의 프레드니솔론의 부작용을 설명하였다."),  # a particle that kiwi glues to the name
        ("고혈압", "본태성고혈압 환자"),  # a compound that the analyzer parts
        ("만성 신부전", "만성신부전으로 투석 중이다."),
        ("高血压", "他有高血壓病史。"),  # Traditional characters
        ("益生菌", "孕妇能吃益生菌吗"),
        ("2型 糖尿病", "诊断为2型糖尿病。"),
        ("amlodipine", "AMLODIPINE을 5mg으로"),
        ("HbA1c", "ＨｂＡ１ｃ는 7.2%"),
        ("7.2%", "HbA1c는 7.2%로"),
        ("10", "하루 10mg을 복용"),
        ("10", "10, 20 mg"),
        ("café", "cafe\u0301 au lait"),
        ("beta\tblocker", "a beta\n blocker"),
    ],
)
def test_an_answer_is_found(answer, text):
    assert MATCHER.holds(text, ["nothing of it", answer])


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("암", "위암으로 진단되었다."),
        ("10", "100 mg"),
        ("10", "10.5 mg"),
        ("10", "1,010 mg"),
        ("5", "3.5 mg"),
        ("AF", "AFib"),
        ("AF", "after"),
        ("betablocker", "beta blocker"),
        ("beta blocker", "betablocker"),
        ("고혈압", "혈압이 높다"),
        ("高血压", "血压高"),
        ("", "anything"),
        (" . ", "a . b"),
    ],
)
def test_a_part_of_another_word_is_no_answer(answer, text):
    assert not MATCHER.holds(text, [answer])


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_two_texts_can_be_compared(text, answer):
    assert MATCHER.holds(text, [answer]) in (True, False)


@given(st.text("aZ9é가각 病病症-", min_size=1, max_size=8).filter(lambda text: any(map(str.isalnum, text))))
def test_an_answer_between_spaces_is_found(answer):
    assert MATCHER.holds(f"x {answer} y", [answer])


PASSAGES = {id_: Passage(id_, text, "고혈압") for id_, text in [("a", "당뇨병"), ("b", "고혈압이다"), ("c", "천식")]}
QUERIES = [Query(id_, "?", {"answers": ["고혈압"]}) for id_ in ("q1", "q2", "q3")] + [
    Query("q4", "?", {"answers": "천식"})
]


def test_success_is_the_first_rank_that_holds_an_answer():
    run = {"q1": [("a", 3.0), ("b", 2.0)], "q2": [("b", 1.0)], "q4": [("b", 2.0), ("c", 1.0)]}
    found = success(QUERIES, PASSAGES, run, [1, 2])
    assert found == {
        "AnswerSuccess@1": {"q1": 0, "q2": 1, "q3": 0, "q4": 0},  # the title does not count; q3 is unanswered
        "AnswerSuccess@2": {"q1": 1, "q2": 1, "q3": 0, "q4": 1},
    }


@pytest.mark.parametrize("answers", [None, [], [1], 7])
def test_a_query_without_answers_is_an_error(answers):
    with pytest.raises(MedencError, match=r"query q: no list of texts under 'answers'"):
        success([Query("q", "?", {"answers": answers})], PASSAGES, {}, [1])


def test_measures_are_told_apart():
    assert cutoff("AnswerSuccess@20") == 20
    assert cutoff("Success@20") is None
    assert cutoff("AnswerSuccess@0") is None


def test_a_passage_that_the_data_does_not_have_is_named():
    """Seen to fail with a KeyError."""
    with pytest.raises(MedencError, match="the run has a passage that the data has not: elsewhere"):
        success(QUERIES, PASSAGES, {QUERIES[0].id: [("elsewhere", 1.0)]}, [1])
