"""What is wrong in a row is a clear line, or a correct result."""

import json

import numpy as np
import pytest
from material import LONG, TEXTS, question

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.examples import Annotated, Choice, Entity, Question, Triple
from medenc.data.reading import Rejects
from medenc.decoding.predicting import Answering
from medenc.text.tokenizer import train_wordpiece

TOKENIZER = train_wordpiece([*TEXTS, LONG] * 2, 500)


def features(options, rows, learn=True, labels=None, max_tokens=48):
    task = build("task", options, "here")
    return task.features(rows, TOKENIZER, labels or task.labels_of(rows), max_tokens, learn=learn)


def nothing(batches):
    """A model that scores everything alike."""
    for batch in batches:
        yield {name: np.zeros(batch["input_ids"].shape) for name in ("start_logits", "end_logits")}


def test_a_question_longer_than_the_window_is_refused():
    with pytest.raises(MedencError, match=r"question q: the question has \d+ tokens, which leaves too few of 48"):
        features({"use": "extractive_qa"}, [Question("q", LONG, TEXTS[0])], learn=False)


def test_an_empty_context_has_no_answer():
    task = build("task", {"use": "extractive_qa"}, "here")
    rows = [Question("q", "Which drug?", ""), Question("r", "Which drug?", " \n\u200b")]
    found = Answering(task, [], TOKENIZER, 48, 0).predict(rows, nothing).predictions
    assert [(one.text, one.no_answer_probability, one.candidates) for one in found] == [("", 1.0, ())] * 2


def test_a_question_whose_answer_has_no_place_is_left_out_and_counted():
    row = Question("q", "Which drug?", TEXTS[0], (), ("warfarin",))
    made, counts = features({"use": "extractive_qa"}, [row, question("r", "Which drug?", TEXTS[0], "Metformin")])
    assert [feature.id for feature in made] == ["r"]
    assert counts["lost"] == 1


def test_an_answer_inside_a_token_is_counted():
    _, counts = features({"use": "extractive_qa"}, [question("q", "Which?", "The dose of aspirin was raised", "pirin")])
    assert counts["inexact"] == 1


def squad(tmp_path, paragraph, title=True):
    article = {"paragraphs": [paragraph]} | ({"title": "t"} if title else {})
    path = tmp_path / "squad.json"
    path.write_text(json.dumps({"data": [article]}), encoding="utf-8")
    rejects = Rejects(max_ratio=1)
    return list(build("reader", {"use": "squad"}, "here").read(path, rejects)), rejects.report()


def test_an_answer_beyond_the_context_is_set_aside_by_file_and_number(tmp_path):
    qas = [{"id": "1", "question": "Which?", "answers": [{"text": "warfarin", "answer_start": 9000}]}]
    (row,), report = squad(tmp_path, {"context": TEXTS[0], "qas": qas})
    assert (row.answers, row.accepted) == ((), ("warfarin",))
    assert "squad.json:1" in report["parts"]["examples"][0]


def test_a_missing_title_is_no_mistake(tmp_path):
    qas = [{"id": "1", "question": "Which?", "answers": [{"text": "Metformin", "answer_start": 0}]}]
    (row,), _ = squad(tmp_path, {"context": TEXTS[0], "qas": qas}, title=False)
    assert (row.title, row.answers[0].text) == ("", "Metformin")


@pytest.mark.parametrize(("expected", "found"), [(4, 5), (4, 3), (None, 1)])
def test_another_number_of_options_is_refused(expected, found):
    row = Choice("c7", "Which drug?", tuple("ABCDE"[:found]), 0)
    with pytest.raises(MedencError, match=f"c7: found {found} options, expected"):
        features({"use": "multiple_choice", "options": expected}, [row])


def test_a_long_vignette_keeps_its_question():
    row = Choice("c", "Which drug was given", ("Metformin", "Aspirin"), 0, context=LONG)
    made, counts = features({"use": "multiple_choice"}, [row])
    assert counts == {"truncated": 1}
    kept = TOKENIZER.decode(made[1].input_ids.tolist(), skip_special_tokens=True)
    assert kept.replace(" ", "").endswith("whichdrugwasgivenaspirin")
    assert {feature.tokens for feature in made} <= {47, 48}


def test_an_option_that_fills_the_window_is_refused():
    with pytest.raises(MedencError, match="c: an option leaves none of 48 tokens"):
        features({"use": "multiple_choice"}, [Choice("c", "Which?", ("A", LONG), 0)])


def test_overlapping_entities_are_no_mistake_for_spans():
    row = Annotated("o", "lung cancer cells", (Entity(0, 11, "X"), Entity(5, 17, "X"), Entity(0, 17, "X")))
    assert features({"use": "entity_spans"}, [row])[1]["lost"] == 0


@pytest.mark.parametrize("label", ["B-Multi-tissue_structure", "B_disease", "疾病", "I", "O"])
def test_labels_are_names(label):
    row = Annotated("o", "lung cancer", (Entity(0, 4, label),))
    assert features({"use": "entity_spans"}, [row])[1]["lost"] == 0
    with pytest.raises(MedencError, match=f"o: the label '{label}' is not among the 1 labels"):
        features({"use": "entity_spans"}, [row], labels=["other"])


def test_unknown_predicates_and_types_are_refused():
    row = Annotated("t", "A B", (), (Triple("A", "p", "B", (0, 1), (2, 3), "x", "y"),))
    with pytest.raises(MedencError, match="t: the label 'p' is not among the 1 predicates"):
        features({"use": "triples"}, [row], labels=["entity:x", "entity:y", "relation:q"])
    with pytest.raises(MedencError, match=r"'[xy]' is not among the 1 types"):
        features({"use": "triples"}, [row], labels=["entity:z", "relation:p"])


def test_a_triple_without_a_place_is_counted_and_still_wanted():
    row = Annotated("t", "A B", (), (Triple("A", "p", "B", (0, 1), (2, 3)), Triple("A", "p", "gone", (0, 1), None)))
    _, counts = features({"use": "triples"}, [row])
    assert (counts["lost"], counts["unplaced"]) == (0, 1)
    task = build("task", {"use": "triples"}, "here")
    assert task.score([row], [task.gold(row)], task.labels_of([row]))["f1"] == 1


def test_a_text_that_spells_a_triple_otherwise_is_counted():
    row = Annotated("t", "HTN and DM", (), (Triple("htn", "with", "DM", (0, 3), (8, 10)),))
    assert features({"use": "triples"}, [row])[1]["respelled"] == 1
