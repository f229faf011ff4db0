"""Tags: schemes, layers, what is lost, and what broken tags become."""

import numpy as np
import pytest
from ideal import IDEAL

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.examples import Annotated, Entity
from medenc.text.tokenizer import train_wordpiece

TOKENIZER = train_wordpiece(["abcdefghijklmnopqrstuvwxyz0123", "a b c d e f g"] * 3, 90)


def annotated(length, *spans):
    """A text of so many characters with entities (label, first, last)."""
    text = "abcdefghijklmnopqrstuvwxyz0123"[:length]
    return Annotated("r", text, tuple(Entity(first, last + 1, label) for label, first, last in spans))


def back(row, labels=None, **options):
    """What comes back of a row's own entities, and how many were lost."""
    task = build("task", {"use": "tagging", "unit": "character", **options}, "here")
    labels = labels or task.labels_of([row])
    features, counts = task.features([row], TOKENIZER, labels, 64, learn=True)
    head = task.head_options(labels)
    found = [task.read(IDEAL["tokens"](feature, head), feature, labels) for feature in features]
    ((*entities,),) = task.decode(found, features, [row], labels)
    return [(e.label, e.start, e.end - 1) for e in entities], counts["lost"]


CMEEE = {"scheme": "bioes", "layers": [["sym"]], "broken": "drop"}


def test_two_layers_hold_what_cmeee_nests():
    """The places of the benchmark's own example: symptoms hold the parts of the body that they befall."""
    spans = [
        ("bod", 0, 2), ("sym", 0, 4), ("bod", 6, 9), ("sym", 6, 11), ("sym", 15, 18), ("dis", 22, 23), ("dis", 25, 27),
    ]  # fmt: skip
    assert back(annotated(30, *spans), **CMEEE) == (spans, 0)
    one_layer = back(annotated(30, *spans))
    assert one_layer[1] == 2
    assert ("bod", 0, 2) not in one_layer[0]


def test_of_two_that_overlap_in_a_layer_the_longer_stays_whole():
    row = annotated(8, ("dis", 0, 5), ("bod", 3, 4))
    assert back(row, **CMEEE) == ([("dis", 0, 5)], 1)
    assert back(annotated(8, ("dis", 0, 2), ("bod", 0, 5)), **CMEEE) == ([("bod", 0, 5)], 1)
    assert back(annotated(8, ("dis", 0, 2), ("dis", 3, 5), ("dis", 3, 3))) == ([("dis", 0, 2), ("dis", 3, 5)], 1)


def test_neighbours_stay_apart():
    spans = [("D", 0, 0), ("D", 1, 1), ("D", 2, 3), ("E", 4, 4)]
    for scheme in ("iob2", "bioes"):
        assert back(annotated(6, *spans), scheme=scheme) == (spans, 0)


def test_an_entity_that_ends_inside_a_unit_is_counted():
    row = Annotated("r", "abc def", (Entity(0, 2, "D"), Entity(4, 7, "D")))
    assert back(row, unit="word") == ([("D", 4, 6)], 1)


def test_labels_keep_their_marks():
    spans = [("B-Multi-tissue_structure", 0, 1), ("I_O", 3, 4), ("疾病", 6, 6), ("O", 8, 9)]
    assert back(annotated(12, *spans)) == (spans, 0)
    assert back(annotated(12, *spans), scheme="bioes", broken="drop") == (spans, 0)


def answered(tags, **options):
    """The entities of a text of characters with these tags."""
    task = build("task", {"use": "tagging", "unit": "character", **options}, "here")
    row, labels = annotated(len(tags)), ["D", "E"]
    (feature,), _ = task.features([row], TOKENIZER, labels, 64)
    names = task._tags(labels)
    own = [np.eye(len(names))[[names.index(tag) for tag in tags]]]
    ((*entities,),) = task.decode([own], [feature], [row], labels)
    return [(e.label, e.start, e.end - 1) for e in entities]


@pytest.mark.parametrize(
    ("tags", "mended", "dropped"),
    [
        ("O I-D I-D", [("D", 1, 2)], []),
        ("B-D I-E O", [("D", 0, 0), ("E", 1, 1)], [("D", 0, 0)]),
        ("B-D I-D B-D", [("D", 0, 1), ("D", 2, 2)], [("D", 0, 1), ("D", 2, 2)]),
    ],
)
def test_broken_tags_are_mended_or_dropped(tags, mended, dropped):
    assert answered(tags.split()) == mended
    assert answered(tags.split(), broken="drop") == dropped


@pytest.mark.parametrize("scheme", ["iob2", "bioes"])
def test_avoided_tags_are_never_broken(scheme):
    """The unit that the model is less sure of gives way."""
    task = build("task", {"use": "tagging", "unit": "character", "scheme": scheme, "broken": "avoid"}, "here")
    row, labels = annotated(3), ["D"]
    (feature,), _ = task.features([row], TOKENIZER, labels, 64)
    names = task._tags(labels)
    sure = np.full((3, len(names)), 0.01)
    sure[0, names.index("O")], sure[0, names.index("B-D")] = 0.5, 0.4
    sure[1, names.index("I-D")] = 0.9
    sure[2, names.index("E-D" if scheme == "bioes" else "I-D")] = 0.9
    ((entity,),) = task.decode([[sure]], [feature], [row], labels)
    assert (entity.start, entity.end) == (0, 3)
    assert entity.score == pytest.approx((0.4 + 0.9 + 0.9) / 3)


def test_an_unfinished_entity_of_bioes_is_dropped_as_published():
    tags = ["B-D", "I-D", "O", "S-E", "B-D", "E-D", "I-E"]
    assert answered(tags, scheme="bioes", broken="drop") == [("E", 3, 3), ("D", 4, 5)]
    assert len(answered(tags, scheme="bioes")) == 4


@pytest.mark.parametrize("layers", [[["a"], ["a"]], [["a", "a"]], [[]]])
def test_layers_share_no_label(layers):
    with pytest.raises(MedencError, match="disjoint"):
        build("task", {"use": "tagging", "layers": layers}, "here")


def test_a_unit_is_decided_where_its_first_piece_is():
    task = build("task", {"use": "tagging"}, "here")
    (feature,), _ = task.features([Annotated("r", "abc zyx abc")], TOKENIZER, ["D"], 64)
    spans, places = feature.memory
    assert [feature.offsets[place][0] for place in places] == [start for start, _ in spans] == [0, 4, 8]
    assert len(feature.input_ids) > 5, "a word of several pieces"


def test_unknown_labels_and_no_labels_are_refused():
    task = build("task", {"use": "tagging"}, "here")
    with pytest.raises(MedencError, match="r: the label 'new' is not among the 1 labels"):
        task.features([annotated(5, ("new", 0, 1))], TOKENIZER, ["D"], 64, learn=True)
    with pytest.raises(MedencError, match="no training row has an entity"):
        task.labels_of([annotated(5)])
    assert task.score([annotated(5, ("new", 0, 1))], [()], ["D"])["recall"] == 0
