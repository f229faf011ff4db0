"""Questions beyond what every task promises: lists, tuning, and windows by step and by overlap."""

from dataclasses import replace

import numpy as np
import pytest
from ideal import SURE, start_end
from material import LONG, TEXTS, question

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.decoding.answers import Calibration, Span, Window
from medenc.text.tokenizer import train_wordpiece

TOKENIZER = train_wordpiece([*TEXTS, LONG] * 2, 500)
FILLER = "The ward was quiet that night and nothing else was noted. " * 6
ASKED = {
    "en": ("Which dose of amlodipine was given?", "On day four amlodipine was given at a dose of 5 mg."),
    "ko": ("amlodipine을 얼마나 투여하였는가?", "환자에게 amlodipine 5 mg을 투여하였다."),
    "zh": ("氨氯地平的剂量是多少？", "第四天给予氨氯地平，剂量为5毫克。"),
}
WHOLE = train_wordpiece([FILLER, *(text for pair in ASKED.values() for text in pair)] * 3, 300)
LISTED = question("l1", "Which drugs?", "Aspirin was given , later warfarin .", "Aspirin", "warfarin", group="g")


def test_every_answer_of_a_list_is_learned_and_comes_back():
    task = build("task", {"use": "extractive_qa", "merge": "list", "learn": "each"}, "here")
    features, _ = task.features([LISTED], TOKENIZER, [], 48, learn=True)
    assert len(features) == 2
    found = [task.read(start_end(feature, {}), feature, []) for feature in features]
    predictions = task.decode(found, features, [LISTED], [])
    for predicted in (predictions, [task.gold(LISTED)]):
        assert task.score([LISTED], predicted, [])["list_f1"] == 1


def test_a_window_that_cuts_an_answer_teaches_none():
    row = question("q", "When?", LONG, "day 29")
    task = build("task", {"use": "extractive_qa", "doc_stride": 4}, "here")
    features, _ = task.features([row], TOKENIZER, [], 40, learn=True)
    taught = [(int(feature.gold["start"]), int(feature.gold["end"])) for feature in features]
    assert (0, 0) in taught
    for feature, (start, end) in zip(features, taught, strict=True):
        if start:
            assert LONG[feature.offsets[start, 0] : feature.offsets[end, 1]] == "day 29"


def test_few_windows_without_an_answer_are_learned_and_the_rest_counted():
    row = question("q", "What is taken?", f"{LONG} {TEXTS[0]} {LONG}", "Metformin")

    def taught(share):
        task = build("task", {"use": "extractive_qa", "doc_stride": 4, "include_unknowns": share}, "here")
        made, counts = task.features([row], TOKENIZER, [], 32, learn=True)
        return [feature for feature in made if feature.gold["end"] > 0], made, counts

    placed, made, counts = taught(1.0)
    assert counts["thinned"] == 0 < len(made) - len(placed)
    kept, few, thinned = taught(0.0)
    assert (
        [feature.memory[:2] for feature in few]
        == [feature.memory[:2] for feature in placed]
        == [feature.memory[:2] for feature in kept]
    )
    assert thinned["thinned"] == len(made) - len(placed)
    assert len(few) < len(taught(0.5)[1]) < len(made)


def test_the_threshold_is_the_development_rows():
    rows = [question(str(i), "Which?", TEXTS[0], "Metformin") for i in range(12)]
    rows += [question(f"n{i}", "Which?", TEXTS[0], impossible=True) for i in range(12)]
    task = build("task", {"use": "extractive_qa"}, "here")
    features, _ = task.features(rows, TOKENIZER, [], 48)
    rng = np.random.default_rng(0)
    found = [
        Window((Span(0, 9, 5.0), Span(10, 16, 1.0)), 5.0 + rng.normal(2 if row.impossible else -4, 0.5)) for row in rows
    ]
    tuned = task.tuned(found, features, rows)
    assert -3 < tuned.threshold < 1
    assert tuned.calibration != Calibration()
    right = tuned.decode(found, features, rows, [])
    assert tuned.score(rows, right, [])["f1"] == 1
    assert all((one.no_answer_probability > 0.8) == row.impossible for row, one in zip(rows, right, strict=True))
    assert task.tuned(found[:12], features[:12], rows[:12]).calibration.slope == 1  # only one kind: nothing to learn


def test_without_no_answer_there_always_is_one():
    task = build("task", {"use": "extractive_qa", "no_answer": False}, "here")
    features, _ = task.features([LISTED], TOKENIZER, [], 48)
    outputs = start_end(replace(features[0], gold={"start": 0, "end": 0}), {})
    assert outputs["start_logits"][0] == SURE  # the model is sure that there is none
    (answer,) = task.decode([task.read(outputs, features[0], [])], features, [LISTED], [])
    assert answer.text
    assert answer.no_answer_probability == 0
    assert sum(one.probability for one in answer.candidates) == pytest.approx(1)


def test_a_question_that_stands_twice_counts_twice():
    """Seen to fail when scores and thresholds were kept by the id: an interval over drawn questions was too narrow."""
    task = build("task", {"use": "extractive_qa"}, "here")
    wrong = question("w", "Which?", TEXTS[0], "Metformin")
    silent = question("n", "Which?", TEXTS[0], impossible=True)
    rows = [wrong, silent, silent, silent]
    predictions = [task.gold(silent)] * 4
    assert task.score(rows, predictions, [])["f1"] == 0.75
    rows = [wrong, silent, wrong, wrong]
    features, _ = task.features(rows, TOKENIZER, [], 48)
    readings = [Window((Span(0, 9, 5.0),), null) for null in (0.0, 1.0, 2.0, 2.0)]
    assert task.tuned(readings, features, rows).threshold >= 2 - 5  # above the three, not above one of them


@pytest.mark.parametrize("language", ASKED)
@pytest.mark.parametrize("before", [0, 1, 3])
def test_the_window_that_is_read_has_the_sentence_most_like_the_question(language, before):
    """Seen to fail with the first windows of the context."""
    asked, answer = ASKED[language]
    row = question("q", asked, f"{FILLER * before}{answer} {FILLER}", "5")
    task = build("task", {"use": "extractive_qa", "most_windows": 1, "doc_stride": 16}, "here")
    (read,), counts = task.features([row], WHOLE, [], 64)
    start = row.context.index(answer)
    inside = read.offsets[read.memory[0]]
    assert inside[0, 0] <= start
    assert start + len(answer) <= inside[-1, 1]
    every, none = build("task", {"use": "extractive_qa", "doc_stride": 16}, "here").features([row], WHOLE, [], 64)
    assert (counts["unread"], none["unread"]) == (len(every) - 1, 0)
    assert read.cut == len(WHOLE.encode(row.context, add_special_tokens=False)) - len(inside)


def test_training_reads_every_window_with_an_answer():
    row = question("q", ASKED["en"][0], f"{ASKED['en'][1]} {FILLER * 2} Nobody asked for this: ramipril .", "ramipril")
    task = build("task", {"use": "extractive_qa", "most_windows": 1, "doc_stride": 16}, "here")
    made, counts = task.features([row], WHOLE, [], 64, learn=True)
    assert sum(feature.gold["end"] > 0 for feature in made) == 1
    assert len(made) == 2  # and the one that is likely to be read
    assert (counts["lost"], counts["thinned"]) == (0, 0)
    assert (
        counts["unread"]
        == len(build("task", {"use": "extractive_qa", "doc_stride": 16}, "x").features([row], WHOLE, [], 64)[0]) - 2
    )


@pytest.mark.parametrize("language", ASKED)
def test_the_likest_sentence_and_the_next_ones_are_marked(language):
    asked, answer = ASKED[language]
    second = {"en": "No dose is known.", "ko": "투여는 끝났다.", "zh": "剂量未变。"}[language]
    row = question("q", asked, f"{FILLER}{answer} {second}", "5")
    task = build("task", {"use": "extractive_qa", "mark_shared": True, "mark_sentences": 2}, "here")
    (feature,), _ = task.features([row], WHOLE, [], 512)
    for sentence, segments in ((answer, (3, 4)), (second, (5, 6))):
        start = row.context.index(sentence)
        inside = (feature.offsets[:, 0] >= start) & (feature.offsets[:, 1] <= start + len(sentence))
        inside &= feature.offsets[:, 1] > 0
        assert set(feature.type_ids[inside].tolist()) == set(segments)
    assert set(feature.type_ids[feature.type_ids > 2].tolist()) == {3, 4, 5, 6}
    assert task.segments([]) == (1,) * 5


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"mark_sentences": 2}, "mark_shared = true"),
        ({"choose": "expected_f1", "merge": "list"}, "ranks answers by probability"),
        ({"most_windows": 2, "max_context": True}, "every window that sees a token"),
    ],
)
def test_options_that_do_not_agree_are_refused(options, why):
    with pytest.raises(MedencError, match=why):
        build("task", {"use": "extractive_qa", **options}, "here")


def test_the_threshold_is_tuned_on_the_answers_that_are_given():
    """Seen to fail with the likeliest span: it is right, what is given is not, so that silence is worth more."""
    rows = [question(str(i), "Which?", TEXTS[0], "Metformin") for i in range(6)]
    spans = (Span(0, 9, 1.0), Span(10, 40, 0.9), Span(10, 41, 0.9), Span(10, 42, 0.9))
    found = [Window(spans, -1.0)] * 6
    task = build("task", {"use": "extractive_qa", "choose": "expected_f1"}, "here")
    features = [replace(task.features([row], WHOLE, [], 96)[0][0], row=place) for place, row in enumerate(rows)]
    answered = task.decode(found, features, rows, [])
    tuned = task.tuned(found, features, rows)
    assert {one.start for one in answered} == {10}
    likeliest = build("task", {"use": "extractive_qa"}, "here").tuned(found, features, rows)
    assert tuned.threshold != likeliest.threshold


@pytest.mark.parametrize("context", ["", "...", "nothing of it"])
def test_a_context_without_the_questions_words_is_read_from_its_beginning(context):
    task = build("task", {"use": "extractive_qa", "mark_shared": True, "mark_sentences": 2, "most_windows": 1}, "here")
    (feature,), _ = task.features([question("q", "Why?", context * 20)], WHOLE, [], 32)
    assert feature.memory[1] == 0
    assert feature.type_ids.max(initial=0) <= 1
