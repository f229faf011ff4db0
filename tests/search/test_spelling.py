import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medenc.search import spelling
from medenc.search.names import form

FORMS = [
    "diabetes mellitus",
    "diabetes insipidus",
    "breast cancer",
    "cancer of breast",
    "고혈압",
    "폐동맥 고혈압",
    "糖尿病",
]


def split(forms):
    return [text.split() for text in forms]


@pytest.fixture(scope="module")
def built():
    return spelling.build(FORMS, split)


def nearest(built, mention, n=3):
    rows, scores = built.top(spelling.features(mention, mention.split()), n)
    return [FORMS[row] for row in rows], scores


def test_groups_of_each_script():
    assert spelling.groups("ab cd") == {"#ab", "ab#", "#cd", "cd#"}
    assert spelling.groups("고혈압") == {"고", "혈", "압", "고혈", "혈압"}
    assert spelling.groups("b형간염") == {"#b#", "형", "간", "염", "형간", "간염"}
    assert spelling.groups("") == set()


def test_a_form_is_most_like_itself(built):
    for text in FORMS:
        found, scores = nearest(built, text)
        assert found[0] == text
        assert scores[0] == pytest.approx(1)


def test_slips_parts_and_order_are_found(built):
    assert nearest(built, "diabtes melitus")[0][0] == "diabetes mellitus"
    assert nearest(built, "고혈압증")[0][0] == "고혈압"
    assert nearest(built, "cancer breast")[0][0] == "breast cancer"


def test_nothing_in_common_is_nothing(built):
    assert nearest(built, "xyzzy")[0] == []
    assert nearest(built, "")[0] == []


def test_unknown_words_lower_the_similarity(built):
    (_, known), (_, more) = nearest(built, "breast cancer"), nearest(built, "breast cancer xyzzy")
    assert more[0] < known[0]


WORDS = st.lists(
    st.sampled_from(["aba", "bab", "cab", "abc", "bca", "a", "b", "간", "염", "간염"]), min_size=1, max_size=4
).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=40, unique=True), WORDS)
def test_the_cosine_is_that_of_the_definition_and_no_near_name_is_missed(forms, mention):
    built = spelling.build(forms, split)
    sets = [spelling.features(text, text.split()) for text in forms]
    asked = spelling.features(mention, mention.split())
    holding = {f: sum(f in own for own in sets) for f in asked.union(*sets)}
    square = {f: np.log1p((len(forms) - h + 0.5) / (h + 0.5)) ** 2 for f, h in holding.items()}

    def mass(some):
        return sum(square[f] for f in some)

    expected = np.array([mass(own & asked) / np.sqrt(mass(own) * mass(asked)) for own in sets])
    assert built.scores(asked, np.arange(len(forms))) == pytest.approx(expected, abs=1e-5)
    found, _ = built.top(asked, len(forms))
    assert {i for i, score in enumerate(expected) if score > spelling.FLOOR + 1e-5} <= set(found.tolist())


def test_repeated_letters_do_not_depend_on_case_or_width():
    assert spelling.groups(form("ＡＢＣ")) == spelling.groups(form("abc"))
