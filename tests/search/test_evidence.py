import numpy as np
import pytest
from search_material import PASSAGES

from medenc.core.errors import MedencError
from medenc.data.examples import Answer, Question
from medenc.data.records import Passage
from medenc.search.evidence import Calibration, Sentence, Source, answer, calibrate, candidates
from medenc.search.index import Index

TEXT = "Rest is enough. Amoxicillin treats otitis. Ear drops soothe."


def source(terms):
    return Source("doc", TEXT, 6, np.array(terms, np.int32).reshape(-1, 3))  # behind a title of five characters


def test_features_by_hand():
    terms = [(7, 0, 5), (3, 22, 33), (9, 34, 40)]  # one in the title, two in the second sentence
    found = candidates({7: 1.0, 3: 2.0, 9: 3.0}, 4.0, [source([]), source(terms)])
    assert [sentence.text for sentence in found[:3]] == [
        "Rest is enough.",
        "Amoxicillin treats otitis.",
        "Ear drops soothe.",
    ]
    assert [sentence.features for sentence in found[3:]] == [(0.0, 0.6, 0.5), (0.5, 0.6, 0.5), (0.0, 0.6, 0.5)]


def test_a_term_counts_once():
    ((_, second, _),) = [candidates({3: 1.0}, 1.0, [source([(3, 22, 33), (3, 34, 40)])])]
    assert second.features == (0.5, 0.5, 1.0)


def test_answers_are_verbatim_and_ordered():
    found = candidates({3: 2.0, 9: 3.0}, 0.0, [source([(3, 22, 33), (9, 34, 40)])])
    best, *others = answer("q", found, Calibration(), 3).answers
    assert (best.text, best.id) == ("Amoxicillin treats otitis.", "doc") == (TEXT[best.start : best.end], "doc")
    assert all(best.probability > other.probability for other in others)


def test_a_question_without_terms_has_no_answer():
    assert candidates({}, 0.0, [source([])]) == []
    assert answer("?", [], Calibration(), 3).to_json() == {"question": "?", "answers": [], "no_answer_probability": 1.0}


def examples(count=200):
    """Questions whose coverage decides: of the answered ones a sentence covers 60-100 %, of the others 0-40 %."""
    rng = np.random.default_rng(0)
    for number in range(count):
        context, has = f"{number}: yes. no.", number % 4 == 0
        share = rng.uniform(0.6, 1) if has else rng.uniform(0, 0.4)
        held = Source("d", context, 0, np.empty((0, 3), np.int32))
        found = [
            Sentence(held, 0, len(context) - 4, (share, share, 1.0)),
            Sentence(held, len(context) - 3, len(context), (rng.uniform(0, 0.3), share, 1.0)),
        ]
        answers = (Answer("yes", len(f"{number}: ")),) if has else ()
        yield Question(str(number), "?", context, answers, ("yes",) if has else (), not has), found


def test_calibration_separates_and_is_calibrated():
    fitted = calibrate(examples())
    results = [(question, answer("?", found, fitted, 2)) for question, found in examples()]
    assert all(a.answers[0].text.endswith("yes.") for question, a in results if question.answers)
    none = np.array([a.no_answer_probability for _, a in results])
    impossible = np.array([not question.answers for question, _ in results])
    assert none[impossible].min() > 0.5 > none[~impossible].max()
    assert none.mean() == pytest.approx(impossible.mean(), abs=1e-4)


def test_calibration_needs_both_sorts():
    with pytest.raises(MedencError, match="with and without an answer"):
        calibrate([example for example in examples() if example[0].answers])


def test_an_index_answers_with_its_documents(index):
    found = index.ask("eGFR가 얼마일 때 metformin을 중단하는가", top=2)
    first = found.answers[0]
    assert first.id == "en1"
    assert first.text == "Metformin is stopped when eGFR falls below 30."
    text = {p.id: p.text for p in PASSAGES}[first.id]
    assert text[first.start : first.end] == first.text
    assert 0 < first.probability < 1
    assert len(found.answers) == 2


def test_an_answered_question_is_likelier_answered_than_an_unheard_of_one(index):
    answered = index.ask("Is metformin stopped when eGFR falls?").no_answer_probability
    assert answered < index.ask("Which vaccine prevents shingles in adults?").no_answer_probability


def test_calibration_is_kept(own_index):
    own_index.add(Passage(f"p{n}", f"Drug{n} cures disease{n}. Nothing else helps.") for n in range(30))
    asked = [
        Question(
            str(n),
            f"What cures disease{n}?",
            f"Drug{n} cures disease{n}. Nothing else helps.",
            (Answer(f"Drug{n}", 0),),
        )
        for n in range(30)
    ] + [Question(f"x{n}", f"Which herb heals illness{n}?", "", (), (), True) for n in range(30)]
    fitted = own_index.calibrate(asked)
    again = Index.open(own_index.path)
    assert again.settings.evidence == fitted != Calibration()
    assert again.ask("What cures disease7?").no_answer_probability < 0.5
    assert again.ask("Which herb heals illness7?").no_answer_probability > 0.5
