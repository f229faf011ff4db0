from itertools import pairwise

import pytest
from hypothesis import given, settings
from unicode_texts import texts

from medenc.text.windows import sentences, trim


@pytest.mark.parametrize(
    "parts",
    [
        ["HbA1c was 7.2% on 3.5 mg.", "It fell to 6.1%."],
        ["See Fig. 2 and Smith et al. (2010).", "Dr. J. Smith agreed, e.g. in the U.S. and Korea."],
        ["Hepatitis B.", "Vitamin D was low."],
        ["Was it sepsis?", 'He said "no."', "Yes!"],
        ["1. Amlodipine 5 mg", "2. Metformin"],
        ["Platelets rose to 150.", "Then they fell."],
        ["患者有糖尿病。", "既往高血压！", "是否复查？", "复查。"],
        ["환자는 고혈압으로 내원하였다.", "약을 복용해요.", "HbA1c는 7.2%임."],
        ["The answer is no.", "He left."],
        ["Nausea etc. was mild."],
    ],
)
def test_sentences_of_three_scripts(parts):
    separator = "" if "。" in parts[0] else "\n" if parts[0].startswith("1.") else " "
    text = separator.join(parts)
    assert [text[start:end] for start, end in sentences(text)] == parts


def test_korean_sentences_without_a_space_and_wrapped_lines():
    text = "복용하였다.환자는 호전됨.이후 퇴원.\nThe patient was\ndischarged home.\n\nplan: none"
    assert [text[start:end] for start, end in sentences(text)] == [
        "복용하였다.", "환자는 호전됨.", "이후 퇴원.", "The patient was\ndischarged home.", "plan: none",
    ]  # fmt: skip


@given(texts)
def test_every_character_but_white_space_is_in_one_sentence(text):
    found = sentences(text)
    assert all(a[1] <= b[0] for a, b in pairwise(found))
    covered = {i for start, end in found for i in range(start, end)}
    assert all(i in covered for i, character in enumerate(text) if not character.isspace())


@pytest.mark.parametrize(
    ("text", "span", "expected"),
    [
        ("그는 amlodipine을 먹었다", "amlodipine을", "amlodipine"),
        ("과거력은 고혈압이었는데, 지금은", "고혈압이었는데,", "고혈압"),
        ("CKD에서도 쓴다", "CKD에서도", "CKD"),
        ("“糖尿病”。", "“糖尿病”。", "糖尿病"),
        ("HbA1c는 7.2%였다.", "7.2%", "7.2%"),
        ("the cytokine TNF (alpha), which", " TNF (alpha),", "TNF (alpha)"),
        ("(see below) ends", "below)", "below"),
        ("약을 복용하였다.", "복용하였다.", "복용하였다"),
        ("... , ", "... ,", ""),
    ],
)
def test_a_span_is_freed_of_particles_and_punctuation(text, span, expected):
    start = text.index(span)
    low, high = trim(text, start, start + len(span))
    assert text[low:high] == expected


@given(texts)
@settings(deadline=None)
def test_a_trimmed_span_lies_within(text):
    start, end = len(text) // 3, len(text)
    low, high = trim(text, start, end)
    assert start <= low <= high <= end
    assert trim(text, low, high) == (low, high)
