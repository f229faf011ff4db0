"""Official BioASQ files: the ten numbers that the official program was seen to print, and answers from predictions."""

import json

import pytest

from medenc.core.artifact import open_artifact, writing
from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.examples import Labelled
from medenc.evaluation.bioasq import exact_answers, official, read_answers, read_questions
from medenc.tasks.classification import Classified


def written(path, *questions):
    rows = [{"id": id_, "type": kind, "body": "?", "exact_answer": answer} for id_, kind, answer in questions]
    path.write_text(json.dumps({"questions": rows}), encoding="utf-8")
    return path


@pytest.fixture
def golden(tmp_path):
    first = written(tmp_path / "1.json", ("a", "factoid", ["TP53", "p53"]), ("b", "factoid", [["BRCA1"]]))
    return [first, written(tmp_path / "2.json", ("c", "yesno", "yes"), ("d", "list", [["A", "aa"], ["B"], ["C"]]))]


SYSTEM = (
    ("a", "factoid", [["foo", "P53"], ["P53"]]),
    ("b", "factoid", [["1"], ["2"], ["3"], ["4"], ["5"], ["BRCA1"]]),
    ("c", "yesno", "Yes"),
    ("d", "list", [["a"], ["AA"], ["zzz"]]),
)


@pytest.mark.parametrize(
    ("all_synonyms", "expected"),
    [  # what the program printed for these files: evaluator versions 5, 8 and 9, and version 3
        (False, [1, 0, 1, 1 / 3, 1 / 3, 1 / 3, 1 / 3, 0.5, 1, 0]),
        (True, [1, 0.5, 1, 7 / 12, 1 / 3, 1 / 3, 1 / 3, 0.5, 1, 0]),
    ],
)
def test_the_numbers_are_those_of_the_official_program(golden, all_synonyms, expected, tmp_path):
    answers = [written(tmp_path / "s1.json", *SYSTEM[:2]), written(tmp_path / "s2.json", *SYSTEM[2:])]
    options = {"golden": golden, "answers": answers, "all_synonyms": all_synonyms}
    step = build("step", {"use": "evaluate_bioasq", **options}, "here")
    with writing(tmp_path / "report", step.kind, options={}) as draft:
        step.run(draft)
    numbers = open_artifact(tmp_path / "report").manifest["numbers"]
    found = official(read_questions(golden), read_answers(answers), all_synonyms=all_synonyms)
    assert numbers["scores"]["model"] == found
    assert list(found.values()) == pytest.approx(expected)


def test_a_question_without_an_answer_counts_unless_it_is_skipped(golden):
    questions = read_questions(golden)
    answers = {"a": [["foo"], ["P53"]]}
    assert official(questions, answers)["lenient"] == 0.5
    assert official(questions, answers, skip_missing=True)["lenient"] == 1
    with pytest.raises(MedencError, match="answers to 1 questions that are not in the golden files"):
        official(questions, {"z": "yes"})


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], "no list 'questions'"),
        ({"questions": [{"type": "list"}]}, "question 1: a question without an id"),
        ({"questions": [{"id": "a", "exact_answer": 3}]}, "neither yes or no nor a list"),
        ({"questions": [{"id": "a", "exact_answer": "no"}] * 2}, "question 2: this question is answered twice"),
    ],
)
def test_what_is_no_submission_is_named(document, expected, tmp_path):
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(MedencError, match=expected):
        read_answers([path])


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"a": "TP53"}, "question a: a factoid question wants a list of answers"),
        ({"d": "A"}, "question d: a list question wants a list of answers"),
        ({"c": [["yes"]]}, "question c: a yesno question wants yes or no"),
    ],
)
def test_an_answer_of_another_kind_is_an_error(golden, answers, said):
    """Seen to fail: a word was read letter by letter, and a list of yes was a traceback."""
    with pytest.raises(MedencError, match=said):
        official(read_questions(golden), answers)


def test_yes_no_is_answered_once_for_all_contexts():
    task = build("task", {"use": "classification", "by_group": True}, "here")
    rows = [Labelled("1", "t", group="q"), Labelled("2", "t", group="q")]
    assert exact_answers(task, rows, [Classified("no")] * 2) == {"q": "no"}
    with pytest.raises(MedencError, match="answers no question of BioASQ"):
        exact_answers(build("task", {"use": "classification"}, "here"), rows, [Classified("no")] * 2)
