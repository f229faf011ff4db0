import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.data.records import Name
from medenc.search import arrays
from medenc.search.names import Names, collect, form, key

NAMES = [
    Name("C1", "Interleukin 6", "en"),
    Name("C1", "IL-6", "en"),
    Name("C2", "고혈압", "ko"),
    Name("C3|C4", "糖尿病", "zh"),
    Name("C5", "il-6", "en"),
    Name("C1", "IL-6", "en"),
    Name("C6", "grade 1-2", "en"),
    Name("C7", "grade 12", "en"),
    Name("C8", "TNF-α", "en"),
    Name("CUI-less", "nothing", "en"),
    Name("C9", " \u200b ", "en"),
]


@pytest.fixture(scope="module")
def names():
    return collect(NAMES)


def concepts(names, mention):
    return {names.concept_id(n) for number in names.exact(mention) for n in names.members[number]}


def test_repeated_names_stay_and_names_of_nothing_go(names):
    assert names.terms.texts() == [name.term for name in NAMES[:9]]
    assert [names.concept_id(n) for n in range(9)] == [name.concept_id for name in NAMES[:9]]
    assert names.members[int(names.exact("IL-6")[0])].tolist() == [1, 4, 5]


@pytest.mark.parametrize("mention", ["IL-6", "il 6", "ＩＬ６", "Il–6", " IL-6 "])
def test_writing_does_not_matter(names, mention):
    assert concepts(names, mention) == {"C1", "C5"}


def test_jamo_width_and_script_are_one(names):
    assert concepts(names, unicodedata.normalize("NFD", "고혈압")) == {"C2"}
    assert concepts(names, "고 혈압") == {"C2"}
    assert concepts(names, "糖尿病") == {"C3|C4"}
    assert concepts(names, "TNF alpha") == {"C8"}


def test_what_stands_between_digits_matters(names):
    assert concepts(names, "Grade 1-2") == {"C6"}
    assert concepts(names, "grade 12") == {"C7"}


def test_unknown_mentions_match_nothing(names):
    assert names.exact("IL-7").size == 0
    assert names.exact("").size == 0


def test_equal_digests_are_told_apart(names):
    """The key is compared, not only its digest."""
    swapped = Names(**{**vars(names), "key_form": names.key_form[::-1].copy()})
    assert concepts(swapped, "고혈압") <= {"C2"}


def test_arrays_are_the_same_from_disk(names, tmp_path):
    arrays.save(tmp_path, names, "names")
    again = arrays.load(tmp_path, Names, "names")
    assert isinstance(again.keys.base, np.memmap)
    assert again.terms.texts() == names.terms.texts()
    assert [again.exact(n.term).tolist() for n in NAMES] == [names.exact(n.term).tolist() for n in NAMES]


def test_a_dictionary_without_a_name_is_refused():
    with pytest.raises(MedencError, match="no name to link to"):
        collect(NAMES[-2:])


@given(st.text(max_size=20))
def test_forms_and_keys_are_stable(text):
    assert form(form(text)) == form(text)
    assert bool(key(form(text))) == bool(form(text))
