from itertools import pairwise

from hypothesis import given
from unicode_texts import texts

from medenc.text.scripts import runs, script


def test_every_script_of_a_clinical_note():
    found = [(name, start, end) for name, start, end in runs("α7 고A癌あж_")]
    assert [name for name, _, _ in found] == [
        "greek", "digit", "space", "hangul", "latin", "han", "kana", "other", "mark",
    ]  # fmt: skip


def test_twin_ideographs_are_both_han_and_syllables_are_not():
    assert [script(c) for c in "\u8c48\uf900가힣ㄱ\u1100"] == ["han", "han", *["hangul"] * 4]


@given(texts)
def test_runs_cover_the_text_and_neighbours_differ(text):
    found = list(runs(text))
    assert "".join(text[start:end] for _, start, end in found) == text
    assert all(left[0] != right[0] and left[2] == right[1] for left, right in pairwise(found))
