import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.data.examples import Question
from medenc.decoding.answers import (
    Answered,
    Beam,
    Calibration,
    Candidate,
    Reading,
    Span,
    Window,
    answered,
    best_joint_spans,
    best_spans,
    expected_f1,
    pooled,
)
from medenc.decoding.bioasq import factoid_answers, factoid_scores, list_answers, list_scores
from medenc.decoding.confidence import amid, fit_calibration

numbers = st.floats(-5, 5).map(lambda x: round(x, 3))


def offsets(n):
    return np.array([(2 * i, 2 * i + 1) for i in range(n)])


@settings(max_examples=200, deadline=None)
@given(st.data(), st.integers(1, 9), st.integers(1, 4))
def test_the_best_spans_are_those_of_a_full_search(data, n, longest):
    starts, ends = (np.array(data.draw(st.lists(numbers, min_size=n, max_size=n))) for _ in range(2))
    pairs = [(i, j) for i in range(n) for j in range(i, min(n, i + longest))]
    wanted = sorted(((starts[i] + ends[j], -2 * i, -2 * j - 1) for i, j in pairs), reverse=True)[:20]
    found = best_spans(starts, ends, offsets(n), np.ones(n, bool), Beam(tokens=longest))
    assert [(span.score, -span.start, -span.end) for span in found] == wanted
    rows = np.tile(ends, (n, 1))  # ends that do not depend on the start: the joint head then says the same
    assert best_joint_spans(starts, np.arange(n), rows, offsets(n), np.ones(n, bool), Beam(tokens=longest)) == found


def test_a_span_may_begin_only_where_the_window_sees_best():
    owned = np.array([False, True, True])
    found = best_spans(np.array([9.0, 1, 0]), np.zeros(3), offsets(3), owned, Beam())
    assert {span.start for span in found} == {2, 4}


def test_places_outside_the_context_are_no_answers():
    found = best_joint_spans(np.zeros(2), np.array([-3, 1, 7]), np.zeros((3, 2)), offsets(2), np.ones(2, bool), Beam())
    assert [(span.start, span.end) for span in found] == [(2, 3)]


def test_the_null_score_is_the_least_of_all_windows():
    windows = [Window((Span(0, 4, 5.0),), 7.0), Window((Span(9, 12, 6.0), Span(0, 4, 4.0)), 2.0), Window((), 9.0)]
    reading = pooled(windows, 20, relative=True)
    assert [(s.start, s.score) for s in reading.spans] == [(9, 6.0), (0, 5.0)]
    assert reading.null == 2.0 - 6.0
    assert pooled(windows, 20, relative=False).null == 2.0
    for order in itertools.permutations(windows):
        assert pooled(order, 20, relative=True) == reading


def test_the_threshold_decides_and_the_candidates_stay():
    reading, text = Reading((Span(0, 4, 3.0), Span(5, 8, 2.0)), -1.0), "drug and"
    given = answered(reading, text, 0.0, Calibration())
    assert (given.text, given.start, given.end) == ("drug", 0, 4)
    silent = answered(reading, text, -1.5, Calibration())
    assert silent.text == ""
    assert silent.candidates == given.candidates
    total = given.no_answer_probability + sum(one.probability for one in given.candidates)
    assert total == pytest.approx(1)
    assert given.no_answer_probability == pytest.approx(1 / (1 + np.e))
    assert answered(reading, text, None, Calibration()).no_answer_probability == 0


def test_many_spans_of_one_place_outvote_the_likeliest():
    """Seen to fail with the order of the scores: the model is sure of the sentence and not of its borders."""
    text = "rest. amlodipine 5 mg daily"
    reading = Reading((Span(0, 4, 1.0), Span(6, 16, 0.9), Span(6, 21, 0.9), Span(6, 27, 0.8)), 0.0)
    likeliest = answered(reading, text, None, Calibration())
    chosen = answered(reading, text, None, Calibration(), "expected_f1")
    assert (likeliest.text, chosen.text) == ("rest", "amlodipine 5 mg")
    assert set(chosen.candidates) == set(likeliest.candidates)  # each keeps its own probability


def test_the_expected_f1_by_hand():
    """0.5 of [0, 4), 0.3 of [2, 4), 0.2 of [6, 8): the first is worth 0.5 * 1 + 0.3 * 2 * 2 / 6."""
    spans = (Span(0, 4, 0.0), Span(2, 4, 0.0), Span(6, 8, 0.0))
    found = expected_f1(spans, np.array([0.5, 0.3, 0.2]))
    assert found == pytest.approx([0.5 + 0.3 * 4 / 6, 0.5 * 4 / 6 + 0.3, 0.2])


def test_nothing_to_read_has_no_answer():
    found = answered(pooled([Window((), 1.0)], 20, relative=True), "", 5.0, Calibration())
    assert (found.text, found.no_answer_probability, found.candidates) == ("", 1.0, ())


def test_probabilities_become_frequencies():
    rng = np.random.default_rng(0)
    readings, right = [], []
    for _ in range(4000):
        null, gap = rng.normal(0, 3), rng.normal(0, 2)
        silent = rng.random() < 1 / (1 + np.exp(-(0.7 * null - 0.5)))
        first = rng.random() < 1 / (1 + np.exp(-gap / 3))
        readings.append(Reading((Span(0, 1, gap), Span(2, 3, 0.0)), null))
        right.append(() if silent else ((0, 1) if first else (2, 3),))
    fitted = fit_calibration(readings, right, no_answer=True)
    assert fitted.slope == pytest.approx(0.7, abs=0.06)
    assert fitted.offset == pytest.approx(-0.5, abs=0.12)
    assert fitted.temperature == pytest.approx(3, rel=0.2)


def test_too_few_questions_teach_nothing():
    readings = [Reading((Span(0, 1, 1.0),), float(i)) for i in range(15)]
    assert fit_calibration(readings, [()] * 9 + [((0, 1),)] * 6, no_answer=True) == Calibration()


@pytest.mark.parametrize(("threshold", "middle"), [(1.0, 2.0), (0.5, 0.0), (9.0, 4.0), (-9.0, -2.0)])
def test_a_threshold_keeps_away_from_scores(threshold, middle):
    assert amid([-1.0, 1.0, 3.0, np.inf], threshold) == middle


A, B = "61f58ef3882a024a1000000a", "61f58ef3882a024a1000000b"


def context(question, place, asked, *candidates, accepted=("TP53", "p53")):
    row = Question(f"{question}_{place:03d}", asked, "…", (), accepted)
    found = tuple(Candidate(text, 0, len(text), probability) for text, probability in candidates)
    return row, Answered(found[0].text, 0, 1, found, 0.0, 0.0)


def test_contexts_of_a_factoid_question_add_up():
    rows, found = zip(
        context(A, 0, "Which gene?", ("BRCA1", 0.6), ("p53", 0.3)),
        context(A, 1, "Which gene?", ("P53.", 0.5), ("(a bracket", 0.4)),
        context(B, 0, "Which gene?", ("EGFR", 0.9), accepted=("KRAS",)),
        strict=True,
    )
    assert factoid_answers(rows, found) == {A: [["p53"], ["BRCA1"]], B: [["EGFR"]]}
    assert factoid_scores(rows, found) == {"strict": 0.5, "lenient": 0.5, "mrr": 0.5}


def test_a_list_has_what_is_sure_and_as_many_as_were_asked_for():
    rows, found = zip(
        context(A, 0, "List two genes.", ("TP53", 0.9), ("p53", 0.6), ("EGFR", 0.5)),
        context(B, 0, "List genes.", ("KRAS", 0.2), ("EGFR", 0.1), accepted=("KRAS",)),
        strict=True,
    )
    assert list_answers(rows, found, 0.42) == {A: [["TP53"], ["p53"]], B: [["KRAS"]]}
    assert list_scores(rows, found, 0.42)["list_f1"] == 1


def test_a_context_must_say_whose_it_is():
    row, found = context(A, 0, "Which?", ("x", 1.0))
    with pytest.raises(MedencError, match="its id is needed"):
        factoid_answers([Question("7", row.question, row.context)], [found])
