import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from unicode_texts import texts

from medenc.text.normalize import normalize


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("ＨｂＡ１ｃ　７．２％", "HbA1c 7.2%"),
        (unicodedata.normalize("NFD", "고혈압"), "고혈압"),
        ("高血壓 療法 糖尿病", "高血压 疗法 糖尿病"),
        ("amlo\u00addi\u200bpine", "amlodipine"),
        ("5㎎ ℃ ﬁbrosis", "5mg °C fibrosis"),
        ("Sjo\u0308gren’s COVID‑19", "Sjögren's COVID-19"),
        ("ㅋㅋ ㅠㅠ", "ㅋㅋ ㅠㅠ"),
        ("\u0301x\u200b", "\u0301x"),
    ],
)
def test_forms_of_one_text_meet(given_text, expected):
    assert normalize(given_text).text == expected


def test_spans_lead_back_to_the_original():
    text = "혈당 " + unicodedata.normalize("NFD", "고혈압") + " 5㎎"
    form = normalize(text)
    start = form.text.index("고혈압")
    low, high = form.span(start, start + 3)
    assert unicodedata.normalize("NFC", text[low:high]) == "고혈압"
    assert text[slice(*form.span(form.text.index("mg"), form.text.index("mg") + 1))] == "㎎"
    assert form.span(0, 0) == (0, 0)
    assert form.span(len(form.text), len(form.text)) == (len(text), len(text))


@given(texts)
def test_offsets_cover_the_original_in_order(text):
    form = normalize(text)
    spans = [form.span(i, i + 1) for i in range(len(form.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(a == b or a[1] <= b[0] for a, b in pairwise(spans))


@given(texts)
def test_a_slice_of_the_original_has_the_normal_form_it_claims(text):
    form = normalize(text)
    for i, character in enumerate(form.text):
        start, end = form.span(i, i + 1)
        assert character in normalize(text[start:end]).text


@given(texts)
def test_normal_form_is_stable(text):
    once = normalize(text).text
    assert normalize(once).text == once


@given(texts)
def test_decomposed_and_composed_texts_meet(text):
    assert normalize(unicodedata.normalize("NFD", text)).text == normalize(unicodedata.normalize("NFC", text)).text
