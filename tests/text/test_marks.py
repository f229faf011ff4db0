"""Where words and terms begin, in three languages."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unicode_texts import texts

from medenc.text.analyzer import Analyzer
from medenc.text.code_points import codes
from medenc.text.entities import EntityFinder, fold
from medenc.text.word_marks import WordMarker

TERMS = [
    "糖尿病性视网膜病变",
    "糖尿病",
    "2型糖尿病",
    "고혈압",
    "당뇨병성 망막병증",
    "type 2 diabetes",
    "Diabetes",
    "ACE inhibitor",
    "癌",
]


@cache
def marker(*, morphemes=False):
    return WordMarker(TERMS, morphemes=morphemes)


@cache
def analyzer():
    return Analyzer(TERMS)


def by_character(marks, text):
    """The text's characters as tokens, cut into words by the marks."""
    places = [i for i, c in enumerate(text) if not c.isspace()]
    fresh = [i == 0 or text[i - 1].isspace() or not (text[i].isalpha() and text[i - 1].isalpha()) for i in places]
    begins = marks.mark(codes(text), np.array(places), np.array(fresh))
    words: list[str] = []
    for place, mark in zip(places, begins, strict=True):
        if mark or not words:
            words.append(text[place])
        else:
            words[-1] += text[place]
    return words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("患者有糖尿病性视网膜病变。", ["患者", "有", "糖尿病性视网膜病变", "。"]),
        ("糖尿病，高血压", ["糖尿病", "，", "高血压"]),
        ("高血壓與糖尿病", ["高血壓", "與", "糖尿病"]),  # traditional characters
        ("고혈압 환자는 amlodipine을", ["고혈압", "환자는", "amlodipine", "을"]),
        ("aspirin 100 mg", ["aspirin", "1", "0", "0", "mg"]),  # the tokenizer's own cuts stay
    ],
)
def test_words(text, words):
    assert by_character(marker(), text) == words


def test_without_a_terminology_the_dictionary_cuts_the_long_term():
    assert by_character(WordMarker(), "糖尿病性视网膜病变") == ["糖尿病", "性", "视网膜", "病变"]


def test_korean_morphemes_where_they_are_asked_for():
    assert by_character(marker(morphemes=True), "고혈압을 치료") == ["고혈압", "을", "치료"]


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="糖尿病性视网膜病变高血压患者有的a1,。 \n가", max_size=60))
def test_chinese_words_are_those_of_the_analyzer(text):
    expected = {word.start for word in analyzer().words(text) if "\u4e00" <= word.text[0] <= "\u9fff"}
    places = np.flatnonzero([("\u4e00" <= c <= "\u9fff") for c in text])
    marks = marker().mark(codes(text), places, np.ones(len(places), dtype=bool))
    # A term of several scripts is one word of the analyzer and begins outside the Chinese characters.
    assert {int(place) for place in places[marks]} >= expected


def found(text, terms=TERMS):
    return [text[start:end] for start, end in EntityFinder(terms).spans(codes(text)).tolist()]


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("患者有糖尿病性视网膜病变和糖尿病", ["糖尿病性视网膜病变", "糖尿病"]),  # the longest
        ("确诊2型糖尿病", ["2型糖尿病"]),
        ("確診為２型糖尿病", ["２型糖尿病"]),  # wide digit
        ("고혈압은 당뇨병성 망막병증과", ["고혈압", "당뇨병성 망막병증"]),  # particles follow
        ("저고혈압", []),  # inside a word
        ("Type 2\ndiabetes; DIABETES, prediabetes, diabetesX", ["Type 2\ndiabetes", "DIABETES"]),
        ("ACE inhibitors or an ACE inhibitor.", ["ACE inhibitor"]),
        ("癌", []),  # one character
        ("", []),
    ],
)
def test_entities(text, entities):
    assert found(text) == entities


def slow(text, terms):
    """Every place, every term, the longest first."""
    forms = sorted({" ".join(fold(t).split()) for t in terms if len(t) > 1}, key=len, reverse=True)
    low, at, spans = fold(text), 0, []
    while at < len(text):
        hits = [form for form in forms if low.startswith(form, at)]
        at += len(hits[0]) if hits else 1
        spans += [(at - len(hits[0]), at)] if hits else []
    return spans


@settings(deadline=None)
@given(
    st.text(alphabet="糖尿病性视网", max_size=50), st.lists(st.text(alphabet="糖尿病性视网", min_size=2, max_size=5))
)
def test_entities_are_the_longest_matches_from_the_left(text, terms):
    spans = EntityFinder(terms).spans(codes(text)).tolist()
    assert [tuple(span) for span in spans] == slow(text, terms)


@settings(deadline=None)
@given(texts)
def test_any_text_has_marks(text):
    points = codes(text)
    assert marker().mark(points, np.arange(len(text)), np.ones(len(text), dtype=bool)).shape == (len(text),)
    spans = EntityFinder(TERMS).spans(points)
    assert (spans[1:, 0] >= spans[:-1, 1]).all()
    assert (spans[:, 0] < spans[:, 1]).all()
    assert len(fold(text)) == len(text)
