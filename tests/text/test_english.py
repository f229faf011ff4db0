import pytest

from medenc.text.languages.en import fold, stem, token_terms


def forms(token):
    return [term.text for term in token_terms(token)]


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("HbA1c", ["hba1c"]),
        ("HBA1C", ["hba1c"]),
        ("COVID-19", ["covid19", "covid", "19"]),
        ("COVID19", ["covid19", "covid", "19"]),
        ("IL-6", ["il6", "il", "6"]),
        ("E11.9", ["e11.9", "e11"]),
        ("SGLT2", ["sglt2", "sglt", "2"]),
        ("CYP2C19", ["cyp2c19"]),
        ("TNF-α", ["tnfalpha", "tnf", "alpha"]),
        ("TNF-alpha", ["tnfalpha", "tnf", "alpha"]),
        ("7.2%", ["7.2%", "7.2"]),
        ("150/95mmHg", ["150/95mmhg", "150/95", "mmhg"]),
        ("5mg", ["5mg", "5", "mg"]),
        ("1,000", ["1000"]),
        ("10-20", ["10-20", "10", "20"]),
        ("beta-blockers", ["betablocker", "beta", "blocker"]),
        ("patient's", ["patient"]),
        ("Sjögren's", ["sjogren"]),
        ("μg", ["ug"]),
    ],
)
def test_a_code_is_found_whole_and_by_its_parts(token, expected):
    assert forms(token) == expected


def test_stop_words_are_no_terms_but_acronyms_and_single_letters_are():
    assert [forms(token) for token in ["the", "What", "are"]] == [[], [], []]
    assert [forms(token) for token in ["WHO", "IT", "A", "not"]] == [["who"], ["it"], ["a"], ["not"]]
    assert forms("state-of-the-art") == ["stateoftheart", "state", "art"]


@pytest.mark.parametrize("name", ["amlodipine", "metformin", "omeprazole", "cefepime", "kras", "kinase", "atenolol",
                                  "insulin", "sirolimus", "diabetes", "sepsis", "gene", "aids"])  # fmt: skip
def test_names_of_drugs_and_genes_are_left_alone(name):
    assert stem(name) == name


@pytest.mark.parametrize(
    "inflections",
    [
        "increase increases increased increasing",
        "treat treats treated treating",
        "activate activates activated activating activation",
        "infect infected infection infections",
        "stop stopped stopping",
        "therapy therapies",
        "diagnosis diagnoses",
        "virus viruses",
        "biopsy biopsies",
        "abscess abscesses",
        "determine determined",
        "diagnose diagnosed",
        "rapid rapidly",
        "cell cells",
    ],
)
def test_inflections_of_a_word_meet(inflections):
    assert len({stem(word) for word in inflections.split()}) == 1


@pytest.mark.parametrize("pair", ["diabetes diabetic", "virus viral", "treat tract", "gene genital", "acid aced"])
def test_other_words_do_not_meet(pair):
    first, second = pair.split()
    assert stem(first) != stem(second)


def test_folding_keeps_greek_words():
    assert fold("αβγ") == "αβγ"
    assert fold("β2") == "beta2"
