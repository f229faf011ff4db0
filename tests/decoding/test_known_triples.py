"""Known triples: what rows say of them, where they may stand, and when the model's score is enough."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.examples import Annotated, Triple
from medenc.decoding.entities import Found
from medenc.decoding.known_triples import Candidate, Finder, candidates, known_triples, recalled, weighed
from medenc.decoding.related import Related
from medenc.decoding.span_windows import Marked, Seen, seen, span_windows
from medenc.decoding.triples import Answer, linked
from medenc.objectives.supervised import Supervised
from medenc.tasks.triples import Triples
from medenc.text.tokenizer import train_wordpiece

TREATS = ("aspirin", "treats", "fever")
EMPTY = Answer(Marked(np.zeros((0, 3), dtype=np.int64), np.zeros(0)), {})


def annotated(text, *strings):
    """A text with triples whose sides stand there."""
    found = (
        Triple(s, p, o, (text.index(s), text.index(s) + len(s)), (text.index(o), text.index(o) + len(o)), "x", "y")
        for s, p, o in strings
    )
    return Annotated(text, text, (), tuple(found))


def trust(*rows):
    return {(known.subject, known.predicate, known.object): known.trust for known in known_triples(rows)}


def test_a_triple_is_trusted_as_often_as_others_are_right():
    """Two of three rows annotate one: all three are asked. The other is known from one row, and nobody is asked."""
    rows = [
        annotated("Aspirin lowers fever", ("Aspirin", "treats", "fever")),
        annotated("aspirin for fever", TREATS),
        annotated("no aspirin in fever"),
        annotated("insulin in diabetes", ("insulin", "treats", "diabetes")),
    ]
    share = 2.5 / 4
    assert trust(*rows) == {TREATS: (2 + share) / 4, ("insulin", "treats", "diabetes"): share}


def test_where_nobody_was_asked_it_is_even():
    assert trust(annotated("aspirin for fever", TREATS)) == {TREATS: 0.5}
    assert trust(Annotated("a", "nothing")) == {}


def test_a_triple_that_others_never_annotate_loses_trust():
    """Seen to fail when every row was asked: the row from which it was known spoke for it."""
    rows = [annotated("aspirin for fever", TREATS), *[annotated("no aspirin in fever")] * 3]
    assert trust(*rows)[TREATS] == 0.125 / 4


@given(st.lists(st.tuples(st.sets(st.sampled_from("abc")), st.sets(st.sampled_from("abc"))), min_size=1, max_size=8))
def test_answers_are_those_of_the_other_rows(drawn):
    """Against the plain way: each row in turn is asked for what the others annotate."""
    rows = [
        annotated(" ".join(["z", *sorted(there)]), *[(side, "p", "z") for side in own & there]) for there, own in drawn
    ]
    asked, right = dict.fromkeys("abc", 0), dict.fromkeys("abc", 0)
    for place, row in enumerate(rows):
        for side in {t.subject for other in rows[:place] + rows[place + 1 :] for t in other.triples}:
            asked[side] += side in row.text
            right[side] += side in {t.subject for t in row.triples}
    share = (sum(right.values()) + 0.5) / (sum(asked.values()) + 1)
    known = {t.subject for row in rows for t in row.triples}
    assert trust(*rows) == {(side, "p", "z"): (right[side] + share) / (asked[side] + 1) for side in known}


def test_sides_of_any_form_and_length_are_found():
    """Seen to fail with the names' least length: organs of one character were never found."""
    finder = Finder({("肾", "部位", "肾病"): 1.0, ("hba1c", "of", "肾病"): 1.0, ("ab", "of", "肾病"): 1.0})
    found = {triple[0]: places for triple, *places in finder.find("ＨｂＡ１ｃ, abx：肾病")}
    assert found == {"肾": [[(11, 12)], [(11, 13)]], "hba1c": [[(0, 5)], [(11, 13)]]}


def windows(text, max_tokens=128):
    tokenizer = train_wordpiece([text] * 3, 200)
    return [seen(f) for f in span_windows([Annotated("a", text)], tokenizer, "character", max_tokens, None)]


def test_every_pair_of_places_is_one_windows_own():
    text = "aspirin fever " * 4
    several = windows(text, 40)
    found = candidates(text, several, Finder({TREATS: 0.5}), ["treats"])
    assert len(several) > 1
    pairs = [
        (window.first + a[0], window.first + b[0])
        for window, own in zip(several, found, strict=True)
        for _, links, _ in own
        for a, _, b in links
    ]
    assert len(set(pairs)) == len(pairs)
    assert len(pairs) > len(several)
    assert candidates(text, several, Finder({TREATS: 0.5}), ["prevents"]) == [[] for _ in several]


def test_a_side_is_not_related_to_its_own_place():
    one = windows("fever, fever")
    (found,) = candidates("fever, fever", one, Finder({("fever", "is", "fever"): 1.0}), ["is"])
    assert [(a[0], b[0]) for a, _, b in found[0].links] == [(0, 6), (6, 0)]


def scores(units=4, **cells):
    """Scores of -10 but for some cells."""
    found = {name: np.full((size, units, units), -10.0) for name, size in (("entities", 2), ("heads", 1), ("tails", 1))}
    for name, values in cells.items():
        for cell, score in values.items():
            found[name][cell] = score
    return found


NEAR, FAR = ((0, 1), 0, (2, 2)), ((0, 1), 0, (3, 3))
LIKELY = scores(
    entities={(1, 0, 1): -3, (0, 2, 2): 2, (0, 3, 3): 2},
    heads={(0, 0, 2): -1, (0, 0, 3): -5},
    tails={(0, 1, 2): -2, (0, 1, 3): -1},
)


TEXT = "ab cd e f"
UNITS = Seen(0, 0, 4, np.array([(0, 2), (3, 5), (6, 7), (8, 9)]), np.arange(4))
NOTHING = Related((), ())
KNOWN = ("ab cd", "is", "e")
TYPES = {KNOWN: ("药", "病")}


def asked(*links, trust=0.5, own=LIKELY, answer=EMPTY):
    return list(weighed(answer, own, [Candidate(KNOWN, list(links), trust)], UNITS))


@pytest.mark.parametrize(("weight", "found"), [(5.9, 0), (6.1, 1)])
def test_trust_makes_up_for_what_the_model_lacks(weight, found):
    """The least of the four scores counts, -3 at the likelier places, and half of `weight` comes in addition."""
    (one,) = asked(FAR, NEAR)
    assert one == (KNOWN, (0, 5), (6, 7), -3, 0.5, False)
    got = recalled(TEXT, NOTHING, [one], TYPES, weight, 0.0)
    assert [(t.strings, t.subject_type, t.object_type, t.score) for t in got.triples] == [
        (KNOWN, "药", "病", 0.5)
    ] * found
    assert [(e.text, e.label, e.score) for e in got.entities] == [("ab cd", "药", 0.5), ("e", "病", 0.5)][: 2 * found]


def test_a_higher_threshold_asks_for_more():
    assert recalled(TEXT, NOTHING, asked(NEAR), TYPES, 7, 1.0) == NOTHING


def test_a_triple_of_several_windows_stands_once_where_it_is_likeliest():
    """However the windows come."""
    (near,), (far,) = asked(NEAR), asked(FAR)
    for order in ([near, far], [far, near]):
        (only,) = recalled(TEXT, NOTHING, order, TYPES, 99, 0.0).triples
        assert only.object_span == (6, 7)
    given = far._replace(given=True)
    for order in ([near, given], [given, near]):
        assert recalled(TEXT, NOTHING, order, TYPES, 99, 0.0) == NOTHING


def test_what_the_model_found_is_left_alone():
    """Seen to fail: a triple that stood in the answer came once more, from other places."""
    own = scores(entities={(1, 0, 1): 3, (0, 2, 2): 2, (0, 3, 3): 2}, heads={(0, 0, 3): 1}, tails={(0, 1, 3): 1})
    stacks = {name: np.argwhere(values > 0) for name, values in own.items()}
    answer = linked(*(Marked(cells, own[name][tuple(cells.T)]) for name, cells in stacks.items()))
    assert [one.given for one in asked(NEAR, FAR, own=own, answer=answer)] == [True]
    before = Related((Found(0, 5, "药", "ab cd", 0.9), Found(6, 7, "病", "e", 0.8)), ())
    after = recalled(TEXT, before, asked(NEAR, trust=1.0, own=own, answer=answer), TYPES, 99, 0.0)
    assert after.entities == before.entities  # no side twice
    assert [t.strings for t in after.triples] == [KNOWN]


@pytest.mark.parametrize("before", range(24, 48))
def test_a_triple_between_windows_brings_both_entities(before):
    """Also the entity about which another window decides."""
    text = "z " * before + "aspirin z fever" + " z" * 40
    rows = [annotated("aspirin for fever", TREATS)]
    tokenizer = train_wordpiece([text, rows[0].text], 60)
    task = Triples(recall_triples=True).learned(rows)
    labels = task.labels_of(rows)
    row = Annotated("long", text)
    features, _ = task.features([row], tokenizer, labels, 64)
    assert len(features) > 1
    low = {stack["name"]: np.full((stack["size"], 64, 64), -1.0) for stack in task.head_options(labels)["matrices"]}
    (found,) = task.decode([task.read(low, feature, labels) for feature in features], features, [row], labels)
    assert [(t.strings, t.subject_type, t.object_type) for t in found.triples] == [(TREATS, "x", "y")]
    assert {entity.text for entity in found.entities} == {"aspirin", "fever"}


def test_known_triples_change_what_is_found_and_not_what_is_taught():
    rows = [annotated("aspirin for fever", TREATS), annotated("no aspirin in fever")]
    tokenizer = train_wordpiece([row.text for row in rows], 80)
    plain, task = Triples(), Triples(recall_triples=True).learned(rows)
    labels = task.labels_of(rows)
    taught, _ = task.features(rows, tokenizer, labels, 40, learn=True)
    for own, other in zip(taught, plain.features(rows, tokenizer, labels, 40, learn=True)[0], strict=True):
        assert {name: cells.tolist() for name, cells in own.gold.items()} == {
            name: cells.tolist() for name, cells in other.gold.items()
        }
    features, _ = task.features(rows, tokenizer, labels, 40)
    unsure = {stack["name"]: np.full((stack["size"], 40, 40), -1.0) for stack in task.head_options(labels)["matrices"]}
    found = task.decode([task.read(unsure, feature, labels) for feature in features], features, rows, labels)
    assert [[t.strings for t in own.triples] for own in found] == [[TREATS], [TREATS]]
    assert {entity.text for entity in found[0].entities} == {"aspirin", "fever"}
    assert Triples(**json.loads(task.model_dump_json())).triples == task.triples
    assert plain.learned(rows).triples == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recall_triples": True, "scheme": "published"}, 'set scheme = "linked"'),
        ({"weight": -1}, r"here\.weight: .*greater than 0"),
        ({"triples": [{"subject": "a", "predicate": "p", "object": "", "trust": 2}]}, r"here\.triples\.0\.object"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(MedencError, match=message):
        build("task", {"use": "triples", **options}, "here")


def test_known_triples_are_training_s_to_fill():
    with pytest.raises(ValueError, match="triples is filled by training"):
        Supervised(task={"use": "triples", "recall_triples": True, "triples": []})
