"""Known names: what is learned of rows, what is known of a row from the others, and how it is marked."""

import unicodedata
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medenc.data.examples import Annotated, Entity
from medenc.decoding.contract import Feature
from medenc.decoding.names import PARTS, Gazetteer, Noted, characters, folded, known_elsewhere, names_of
from medenc.decoding.segments import first_characters, remarked
from medenc.tasks.tagging import Tagging
from medenc.text.normalize import normalize
from medenc.text.tokenizer import train_wordpiece


def noted(text, *names):
    return Noted(text, [(text.index(name), text.index(name) + len(name), label) for name, label in names])


def test_a_name_is_learned_without_its_case():
    assert names_of([noted("Metformin helps.", ("Metformin", "drug"))]) == {"metformin": "drug"}


def test_a_name_that_is_no_entity_in_most_places_is_not_learned():
    """Seen to fail without the share: an `is` that was annotated once was marked everywhere."""
    plain = [Noted("This is it.", [])] * 9
    assert names_of([noted("IS is a stroke.", ("IS", "disease")), *plain]) == {}


def test_names_that_can_never_be_found_are_not_kept():
    """Of one character, or always inside a word: they would lie in the folder for nothing."""
    assert names_of([noted("간 아프다", ("간", "기관")), noted("xaspirinx", ("aspirin", "drug"))]) == {}


def test_learning_again_forgets_the_names_before():
    """Seen to fail with the old gazetteer carried along by the copy."""
    first, second = (
        [Annotated("a", f"took {name}", (Entity(5, 5 + len(name), "d"),))] for name in ("aspirin", "ibuprofen")
    )
    task = Tagging(mark_names=True).learned(first)
    assert list(task._gazetteer.labels) == ["aspirin"]
    assert list(task.learned(second)._gazetteer.labels) == ["ibuprofen"]


def test_a_name_has_its_most_frequent_label():
    rows = [noted("insulin", ("insulin", "drug"))] * 2 + [noted("insulin", ("insulin", "gene"))]
    assert names_of(rows) == {"insulin": "drug"}


def test_what_is_known_of_a_row_comes_from_other_parts():
    """Seen to fail with one table for all rows: a name that only one row has was marked in that row."""
    rows = [noted(f"Drug{place} helps.", (f"Drug{place}", "drug")) for place in range(2 * PARTS)]
    known = known_elsewhere(rows)
    for place, (row, gazetteer) in enumerate(zip(rows, known, strict=True)):
        assert list(gazetteer.find(folded(row.text).text)) == []
        assert len(gazetteer.labels) == 2 * PARTS - 2, place
    assert [len(gazetteer.labels) for gazetteer in known_elsewhere(rows[:1])] == [0]


def test_the_longest_name_wins_and_none_overlaps():
    gazetteer = Gazetteer({"2型糖尿病": "病", "糖尿病": "病", "糖尿病足": "病", "고혈압": "병"})
    assert list(gazetteer.find("2型糖尿病足，고혈압은")) == [(0, 5, "病"), (7, 10, "병")]


def test_a_name_at_the_end_of_a_text_is_found_once():
    """Seen to fail beside a longer name that begins in the same way: it was found twice, once beyond the end."""
    assert list(Gazetteer({"ab": "x", "abc": "x"}).places("the ab")) == [(4, 6)]


@pytest.mark.parametrize("text", ["와파린을", unicodedata.normalize("NFD", "와파린을"), "ＨｂＡ１ｃ는"])
def test_names_are_found_in_any_form(text):
    """Seen to fail for decomposed Korean and full-width letters, which the analyzer reads as others."""
    own = characters(text, Gazetteer({"와파린": "x", "hba1c": "x"}), ["x"])
    name = text[: int((own > 0).sum())]
    assert unicodedata.normalize("NFKC", name) in ("와파린", "HbA1c")
    assert own[: len(name)].tolist() == [2] + [3] * (len(name) - 1)


def test_names_end_with_words_but_for_particles():
    gazetteer = Gazetteer({"hba1c": "test", "amlodipine": "drug"})
    assert list(gazetteer.find(folded("HbA1c는 amlodipine을 HbA1cx").text)) == [(0, 5, "test"), (7, 17, "drug")]


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_folding_moves_no_character(text):
    """`İ` has two characters without its capital; `ß` folds to two."""
    form = folded(text)
    assert len(form.text) == len(normalize(text).text)


@given(st.lists(st.text("ab 고혈", min_size=1, max_size=12), min_size=1, max_size=30), st.data())
def test_counting_by_parts_is_counting_the_other_rows(texts, data):
    """Against the plain way: learn from the rows of the other parts."""
    rows = []
    for text in texts:
        start = data.draw(st.integers(0, len(text) - 1))
        rows.append(Noted(text, [(start, data.draw(st.integers(start + 1, len(text))), "x")]))
    bounds = [len(rows) * part // PARTS for part in range(PARTS + 1)]
    for place, gazetteer in enumerate(known_elsewhere(rows)):
        first, end = next((a, b) for a, b in pairwise(bounds) if a <= place < b)
        assert gazetteer.labels == names_of(rows[:first] + rows[end:])


def test_tokens_have_the_segment_of_their_first_character():
    own = characters("고혈압은 amlodipine", Gazetteer({"고혈압": "병", "amlodipine": "약"}), ["병", "약"])
    assert own.tolist() == [2, 3, 3, 0, 0, 4] + [5] * 9
    offsets = np.array([(0, 0), (0, 2), (2, 3), (3, 4), (5, 9), (9, 15), (0, 0)])
    feature = Feature(0, "a", np.arange(7), np.zeros(7, dtype=np.int8), offsets)
    assert remarked(feature, first_characters(feature, own)).type_ids.tolist() == [0, 2, 3, 0, 4, 5, 0]
    assert first_characters(feature, own[:0]).tolist() == [0] * 7


def test_a_label_that_the_task_was_not_given_marks_nothing():
    assert not characters("aspirin", Gazetteer({"aspirin": "drug"}), ["disease"]).any()


def test_learning_marks_less_than_reading():
    """A row's own names are known when it is read, and not while it is learned from."""
    tokenizer = train_wordpiece(["took drug daily 0123"] * 3, 60)
    rows = [Annotated(str(place), f"took drug{place} daily", (Entity(5, 10, "d"),)) for place in range(4)]
    task = Tagging(mark_names=True).learned(rows)
    learning, _ = task.features(rows, tokenizer, ["d"], 16, learn=True)
    reading, _ = task.features(rows, tokenizer, ["d"], 16)
    assert not any((feature.type_ids > 1).any() for feature in learning)
    assert all((feature.type_ids > 1).any() for feature in reading)
    assert task.segments(["d"]) == (0, 0)
    assert Tagging().learned(rows).names == {}
