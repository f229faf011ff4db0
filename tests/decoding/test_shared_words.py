"""Words that two texts share, in three languages, and where they are marked."""

import numpy as np
import pytest

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.examples import Labelled, Question
from medenc.text.tokenizer import train_wordpiece

TEXTS = ["HbA1c는 당뇨병 환자에서 측정한다.", "What is measured in diabetes? HbA1c", "糖尿病患者测什么？测糖化血红蛋白"]
TOKENIZER = train_wordpiece(TEXTS * 3, 120)


def marked(feature, segment):
    """The first characters of the tokens with a segment."""
    return set(feature.offsets[feature.type_ids == segment, 0].tolist())


def begins_in(feature, text, words, tokens):
    """The first characters of those tokens that begin in a place of one of the words."""
    places = {place for word in words for start in found(text, word) for place in range(start, start + len(word))}
    starts = feature.offsets[tokens]
    return {start for start, end in starts.tolist() if start < end and start in places}


def found(text, word):
    return [place for place in range(len(text)) if text.startswith(word, place)]


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("What is measured in diabetes?", "HbA1c is measured.", "measured"),
        ("HbA1c는 무엇인가?", "환자의 HbA1c가 높다", "HbA1c"),
        ("糖尿病患者测什么？", "她有糖尿病。", "糖尿病"),
    ],
)
def test_both_texts_of_a_pair_are_marked(first, second, shared):
    """Seen to fail with words compared as they are spelt: the Korean particles differ."""
    task = build("task", {"use": "classification", "pair": True, "mark_shared": True}, "here")
    (feature,), _ = task.features([Labelled("a", first, pair=second)], TOKENIZER, [], 64)
    for text, segment in ((first, 2), (second, 3)):
        own = np.isin(feature.type_ids, [segment - 2, segment])
        assert marked(feature, segment) == begins_in(feature, text, [shared], own) != set()
    assert task.segments([]) == (0, 1)


def test_a_context_is_marked_and_its_question_is_not():
    task = build("task", {"use": "extractive_qa", "mark_shared": True, "doc_stride": 4}, "here")
    row = Question("q", "What is measured in diabetes?", "In diabetes HbA1c is measured often. " * 9)
    features, _ = task.features([row], TOKENIZER, [], 48)
    assert len(features) > 1
    for feature in features:
        inside = feature.memory[0]
        assert marked(feature, 2) == begins_in(feature, row.context, ["measured", "diabetes"], inside) != set()
        assert not (feature.type_ids[: inside.start] > 1).any()


def test_single_texts_share_nothing():
    with pytest.raises(MedencError, match="for pairs of texts"):
        build("task", {"use": "classification", "mark_shared": True}, "here")
