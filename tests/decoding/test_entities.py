"""The trivial way to find entities, and their scores."""

import pytest

from medenc.data.examples import Annotated, Entity
from medenc.decoding.entities import dictionary_match, entity_scores, gold_entities


def row(text, *marks):
    places = [(text.index(words), words, label) for words, label in marks]
    return Annotated("r", text, tuple(Entity(start, start + len(words), label) for start, words, label in places))


TRAIN = [
    row("asthma and type 2 diabetes", ("asthma", "D"), ("type 2 diabetes", "D")),
    row("diabetes of type 2", ("diabetes", "D"), ("type 2", "D")),
    row("가슴 통증과 糖尿病", ("가슴 통증", "S"), ("糖尿病", "D")),
    row("aspirin", ("aspirin", "drug")),
    row("aspirin", ("aspirin", "D")),
    row("aspirin", ("aspirin", "drug")),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("type 2 diabetes or asthma", ["type 2 diabetes", "asthma"]),  # the longest
        ("asthmatic antiasthma", []),  # not inside Latin words
        ("흉통, 가슴 통증은 있다. 有糖尿病史", ["가슴 통증", "糖尿病"]),  # inside others
        ("", []),
    ],
)
def test_names_of_the_training_rows_are_found(text, found):
    (entities,) = dictionary_match(TRAIN, [Annotated("x", text)])
    assert [entity.text for entity in entities] == found
    assert all(text[entity.start : entity.end] == entity.text for entity in entities)


def test_a_name_has_its_most_frequent_label():
    (entities,) = dictionary_match(TRAIN, [Annotated("x", "aspirin")])
    assert [entity.label for entity in entities] == ["drug"]


def test_scores_count_what_the_row_says():
    rows = [row("asthma and fever", ("asthma", "D"), ("fever", "S")), Annotated("n", "nothing")]
    half = [gold_entities(rows[0])[:1], ()]
    scores = entity_scores(rows, half)
    assert (scores["precision"], scores["recall"]) == (1, 0.5)
    assert scores["macro_f1"] == 0.5
    assert "nested_recall" not in scores
    assert entity_scores(rows[1:], [()])["f1"] == 0
