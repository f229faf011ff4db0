import math
from collections import Counter
from itertools import pairwise

import pytest

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.examples import Labelled
from medenc.decoding.recall import Recall
from medenc.text.tokenizer import train_wordpiece

TERMS = ("2型糖尿病", "1型糖尿病", "糖尿病肾病", "高血压病3级", "肺恶性肿瘤")


def plain(mention, terms):
    """The scores by their definition."""

    def grams(text):
        return Counter([*text, *(a + b for a, b in pairwise(text))])

    frequency = Counter(gram for term in terms for gram in grams(term))
    idf = {gram: math.log((1 + len(terms)) / (1 + n)) + 1 for gram, n in frequency.items()}

    def vector(text):
        raw = {gram: n * idf[gram] for gram, n in grams(text).items() if gram in idf}
        length = math.sqrt(sum(value**2 for value in raw.values()))
        return {gram: value / length for gram, value in raw.items()}

    own = vector(mention)
    return [
        sum(own.get(gram, 0) * value for gram, value in vector(term).items())
        + len(set(mention) & set(term)) / min(len(set(mention)), len(set(term)))
        for term in terms
    ]


@pytest.mark.parametrize("mention", ["糖尿病2型", "高血压3级", "肺癌", "病病病"])
def test_scores_are_those_of_the_definition(mention):
    places, scores = Recall(TERMS).top(mention, len(TERMS))
    expected = plain(mention, TERMS)
    assert scores.tolist() == pytest.approx([expected[place] for place in places])
    assert scores.tolist() == pytest.approx(sorted(expected, reverse=True))


def test_width_and_case_do_not_matter_and_strange_mentions_have_candidates():
    recall = Recall(["DM", "HTN", "AF"])
    assert recall.top("ｄｍ", 1)[0].tolist() == [0]
    places, scores = recall.top("😷", 2)
    assert (places.tolist(), scores.tolist()) == ([0, 1], [0.0, 0.0])


TOKENIZER = train_wordpiece([*TERMS, "右肺癌"] * 3, 120)


def normalization(row, labels=TERMS, **options):
    task = build("task", {"use": "term_normalization", **options}, "here")
    return task.features([row], TOKENIZER, labels, 32, learn=True)


def test_hard_terms_and_right_ones_are_learned():
    features, counts = normalization(Labelled("d", "糖尿病2型", ("2型糖尿病",)), hard=1, random=0, depth=3)
    assert [(TERMS[f.memory[0]], int(f.gold["label"])) for f in features] == [("2型糖尿病", 1), ("1型糖尿病", 0)]
    assert counts["lost"] == 0


def test_a_right_term_beyond_the_recall_is_counted_and_learned():
    features, counts = normalization(Labelled("d", "肺癌", ("高血压病3级",)), hard=0, random=0, depth=1)
    assert [int(f.gold["label"]) for f in features] == [1]
    assert counts["lost"] == 1


def test_a_term_that_the_dictionary_lacks_is_refused():
    with pytest.raises(MedencError, match="d: a standard term that is not among the 5"):
        normalization(Labelled("d", "癌性疼痛", ("癌性疼痛",)))
    with pytest.raises(MedencError, match="d: a diagnosis without standard terms"):
        normalization(Labelled("d", "癌性疼痛"))
