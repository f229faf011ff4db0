"""BM25 over characters."""

import bm25s
import numpy as np
import pytest

from medenc.data.records import Passage, Query
from medenc.evaluation.characters import K1, B, Characters, tokens

PASSAGES = [
    Passage("b", "고혈압은 흔하다. 고혈압 약을 먹는다."),
    Passage("a", "고혈압은 흔하다. 고혈압 약을 먹는다."),
    Passage("c", "患者有高血压病史。", "高血压"),
    Passage("d", "HbA1c 7.2% with metformin, metformin"),
    Passage("e", "."),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("고혈압약", ["고혈", "혈압", "압약"]),
        ("약", ["약"]),
        ("2型糖尿病 HbA1c", ["2", "型糖", "糖尿", "尿病", "hba1c"]),
        ("AMLODIPINE을 5mg으로", ["amlodipine", "을", "5mg", "으로"]),
        ("高血壓", ["高血", "血压"]),
        (" . , ", []),
    ],
)
def test_pairs_of_characters_and_whole_words(text, expected):
    assert tokens(text) == expected


@pytest.mark.oracle
@pytest.mark.parametrize("query", ["고혈압 약", "高血压", "metformin HbA1c metformin"])
def test_scores_are_those_of_another_bm25(query):
    other = bm25s.BM25(method="lucene", k1=K1, b=B)
    corpus = [tokens(passage.content) for passage in PASSAGES]
    other.index(corpus, show_progress=False)
    expected = other.get_scores([token for token in tokens(query) if any(token in own for own in corpus)])
    found = dict(Characters(PASSAGES).search_many([Query("q", query)], 10)["q"])
    np.testing.assert_allclose([found.get(p.id, 0.0) for p in PASSAGES], expected, rtol=1e-5)


def test_hits_have_something_in_common_and_ties_go_by_id():
    run = Characters(PASSAGES).search_many([Query("q", "고혈압"), Query("none", "기침")], 3)
    assert [id_ for id_, _ in run["q"]] == ["a", "b"]
    assert run["q"][0][1] == run["q"][1][1]
    assert run["none"] == []
    assert len(Characters(PASSAGES).search_many([Query("q", "고혈압")], 1)["q"]) == 1
