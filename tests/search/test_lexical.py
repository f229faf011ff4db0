import math

import numpy as np
import pytest
from search_material import PASSAGES

from medenc.data.records import Passage
from medenc.search.analysis import rows
from medenc.search.documents import empty, from_arrow, updated
from medenc.search.fusion import best
from medenc.search.lexical import Bm25, Lexical


def documents(analyzer, passages):
    return from_arrow(rows(passages, {}, analyzer, None, None), 0)


def random_passages(count, seed=0):
    rng = np.random.default_rng(seed)
    words = np.array([f"w{number}" for number in range(200)])
    share = 1 / np.arange(1, 201)
    return [
        Passage(f"p{number:03}", " ".join(rng.choice(words, rng.integers(1, 60), p=share / share.sum())))
        for number in range(count)
    ]


def scored(lexical, analyzer, query):
    return lexical.scores(lexical.query(term.text for term in analyzer.terms(query)))


def test_a_score_worked_by_hand(analyzer):
    held = documents(analyzer, [Passage("a", "fever cough"), Passage("b", "cough cough rash rash")])
    scores = scored(Lexical(held, Bm25(k1=1.2, b=0.75)), analyzer, "fever")
    idf = math.log(1 + (2 - 1 + 0.5) / (1 + 0.5))
    assert scores == pytest.approx([idf / (1 + 1.2 * (0.25 + 0.75 * 2 / 3)), 0])


@pytest.mark.oracle
def test_bm25s_gives_the_same_scores(analyzer):
    import bm25s

    passages, settings = random_passages(300), Bm25(k1=1.3, b=0.6)
    texts = [[term.text for term in analyzer.terms(passage.content)] for passage in passages]
    oracle = bm25s.BM25(method="lucene", k1=settings.k1, b=settings.b, dtype="float64")
    oracle.index(texts, show_progress=False)
    lexical = Lexical(documents(analyzer, passages), settings)
    for query in ("w0", "w3 w150 w3", "w199 w60 w2 unheard"):
        terms = [term.text for term in analyzer.terms(query)]
        assert scored(lexical, analyzer, query) == pytest.approx(oracle.get_scores(terms), abs=1e-6)


def test_the_net_counts_less_in_score_and_length(analyzer):
    held = documents(analyzer, [Passage("a", "혈압계"), Passage("b", "기침")])
    full, half, none = (scored(Lexical(held, Bm25(net=net)), analyzer, "혈압") for net in (1, 0.5, 0))
    assert full[0] > half[0] > none[0]
    assert full[1] == half[1] == 0


@pytest.mark.parametrize("order", ["forward", "backward", "one by one"])
def test_order_and_batches_change_nothing(analyzer, order):
    passages = random_passages(40) + PASSAGES
    whole = documents(analyzer, passages)
    if order == "backward":
        other = documents(analyzer, passages[::-1])
    else:
        step, other = (1 if order == "one by one" else 7), empty(0)
        for start in range(0, len(passages), step):
            other = updated(other, documents(analyzer, passages[start : start + step]))
    assert whole.differing(other) == []


def test_removing_leaves_no_trace(analyzer):
    passages = random_passages(20)
    more = updated(documents(analyzer, passages), documents(analyzer, PASSAGES))
    gone = [row for row, id_ in enumerate(more.ids.texts()) if not id_.startswith("p")]
    assert updated(more, empty(0), gone).differing(documents(analyzer, passages)) == []


def test_replacing_takes_the_new_text(analyzer):
    old = documents(analyzer, [Passage("a", "fever"), Passage("b", "rash")])
    new = updated(old, documents(analyzer, [Passage("a", "cough")]))
    assert new.texts.texts() == ["cough", "rash"]
    assert "fever" not in new.vocabulary.texts()


def test_best_breaks_ties_by_place():
    assert best(np.array([1.0, 3.0, 3.0, 2.0, 3.0]), 2).tolist() == [1, 2]
    assert best(np.array([1.0, 3.0]), 5).tolist() == [1, 0]
    assert best(np.array([1.0, 3.0]), 0).tolist() == []
    assert best(np.array([]), 3).tolist() == []
