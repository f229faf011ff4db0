"""Options that begin with their letters."""

import string

import pytest
from material import CHOICES, LONG, TEXTS

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.examples import Choice
from medenc.text.tokenizer import train_wordpiece

TOKENIZER = train_wordpiece([*TEXTS, LONG, f"{string.ascii_uppercase} ."] * 2, 500)
PLAIN, LETTERED = (build("task", {"use": "multiple_choice", "letters": given}, "here") for given in (False, True))


def features(task, *rows, max_tokens=64):
    return task.features(rows, TOKENIZER, [], max_tokens)[0]


def test_an_option_begins_with_its_letter_and_nothing_else_changes():
    """Seen to fail with letters that run on from question to question, and with offsets that count the letter."""
    lettered, plain = (features(task, *CHOICES[:2]) for task in (LETTERED, PLAIN))
    for feature, bare, letter in zip(lettered, plain, "ABCDAB", strict=True):
        begin = int(bare.type_ids.argmax())
        own = slice(begin, begin + 2)
        assert TOKENIZER.decode(feature.input_ids[own].tolist()).replace(" ", "") == f"{letter.lower()}."
        assert (feature.type_ids[own] == 1).all()
        assert not feature.offsets[own].any()
        for name in ("input_ids", "type_ids", "offsets"):
            rest = [*getattr(feature, name)[:begin].tolist(), *getattr(feature, name)[begin + 2 :].tolist()]
            assert rest == getattr(bare, name).tolist()


def test_a_letter_takes_its_room_from_the_beginning():
    row = Choice("c", "Which drug was given", ("Metformin", "Aspirin"), 0, context=LONG)
    lettered, plain = (features(task, row, max_tokens=48) for task in (LETTERED, PLAIN))
    assert [feature.tokens for feature in lettered] == [feature.tokens for feature in plain]
    assert lettered[0].cut == plain[0].cut + 2


def test_more_options_than_letters_are_refused():
    row = Choice("c9", "Which drug?", ("Aspirin",) * 27, 0)
    assert len(features(PLAIN, row)) == 27
    with pytest.raises(MedencError, match="c9: found 27 options, more than there are letters"):
        features(LETTERED, row)


def test_letters_that_the_tokenizer_does_not_know_are_refused():
    chinese = train_wordpiece(["糖尿病患者应服用二甲双胍"] * 3, 60)
    with pytest.raises(MedencError, match="does not tell the letters A to B apart"):
        LETTERED.features([Choice("c", "糖尿病", ("二甲双胍", "患者"), 0)], chinese, [], 32)
