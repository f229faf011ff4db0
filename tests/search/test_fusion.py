import numpy as np
import pytest

from medenc.core.vectors import unit
from medenc.search.dense import Dense
from medenc.search.fusion import Fusion, Scores, best, fused, tune


def order(scores, **options):
    return best(fused(scores, Fusion(**options)), len(scores.lexical)).tolist()


SCORES = Scores(lexical=np.array([0.0, 4.0, 2.0, 0.0]), dense=np.array([0.9, 0.1, 0.8, 0.3]), attainable=5.0)


def test_weighted_by_hand():
    dense = (np.array([0.9, 0.1, 0.8, 0.3]) - 0.1) / 0.8
    expected = 0.75 * np.array([0, 0.8, 0.4, 0]) + 0.25 * dense
    assert fused(SCORES, Fusion(dense=0.25)) == pytest.approx(expected)


def test_rrf_by_hand():
    expected = 0.5 / (60 + np.array([1, 4, 2, 3])) + np.array([0, 0.5 / 61, 0.5 / 62, 0])
    assert fused(SCORES, Fusion(method="rrf", dense=0.5)) == pytest.approx(expected)


@pytest.mark.parametrize("method", ["weighted", "rrf"])
def test_the_ends_are_the_single_searches(method):
    assert order(SCORES, method=method, dense=0.0)[:2] == [1, 2]
    assert order(SCORES, method=method, dense=1.0) == [0, 2, 3, 1]


def test_the_fewer_words_of_the_query_are_anywhere_the_more_meaning_decides():
    one_of_many = Scores(SCORES.lexical, SCORES.dense, attainable=100.0)
    assert order(SCORES, dense=0.2)[0] == 1
    assert order(one_of_many, dense=0.2)[0] == 0


def test_depth_leaves_the_rest_out():
    assert np.count_nonzero(fused(SCORES, Fusion(method="rrf", dense=1.0, depth=2))) == 2


def test_without_a_term_in_common_meaning_decides():
    scores = Scores(np.zeros(4), SCORES.dense)
    assert order(scores, dense=0.1) == [0, 2, 3, 1]


def judged(dense_is_right, queries=40, documents=30):
    """Queries whose right document comes second by words; by meaning it is first, or anywhere."""
    rng, made, qrels = np.random.default_rng(0), [], {}
    for number in range(queries):
        lexical, dense = np.zeros(documents), rng.random(documents)
        other, right = rng.choice(documents, 2, replace=False)
        lexical[other], lexical[right] = 3.0, 2.5
        dense[right] = 1.5 if dense_is_right else rng.random()
        made.append((f"q{number}", Scores(lexical, dense, 10.0)))
        qrels[f"q{number}"] = {f"d{right}": 1}
    return made, [f"d{number}" for number in range(documents)], qrels


def test_tuning_gives_a_good_model_its_share():
    assert tune(*judged(dense_is_right=True), Fusion()).dense > 0


def test_tuning_gives_chance_nothing():
    made, ids, qrels = judged(dense_is_right=False)
    lexical_first = [(id_, Scores(np.where(s.lexical == 2.5, 9, s.lexical), s.dense, 10.0)) for id_, s in made]
    assert tune(lexical_first, ids, qrels, Fusion()).dense == 0


class Stored:
    """The two columns that dense search reads."""

    def __init__(self, vectors, counts):
        from medenc.search.ragged import Ragged, bounds

        self.vectors = Ragged(vectors.astype(np.float32), bounds(counts))
        self.windows = Ragged(np.arange(2 * len(vectors)).reshape(-1, 2), bounds(counts))


@pytest.mark.parametrize("similarity", ["cosine", "dot", "l2"])
def test_dense_is_the_best_window(similarity):
    rng = np.random.default_rng(1)
    vectors, queries, counts = rng.normal(size=(7, 5)), rng.normal(size=(3, 5)), [2, 1, 4]
    compare = {
        "cosine": lambda q, p: q @ p / np.linalg.norm(q) / np.linalg.norm(p),
        "dot": lambda q, p: q @ p,
        "l2": lambda q, p: -np.linalg.norm(q - p),
    }[similarity]
    by_window = np.array([[compare(q, p) for p in vectors] for q in queries])
    expected = np.column_stack([by_window[:, :2].max(1), by_window[:, 2], by_window[:, 3:].max(1)])
    dense = Dense(Stored(unit(vectors) if similarity == "cosine" else vectors, counts), similarity)
    assert dense.scores(queries) == pytest.approx(expected, abs=1e-5)
    best_window = 3 + int(by_window[1, 3:].argmax())
    assert dense.window(queries[1], 2) == (2 * best_window, 2 * best_window + 1)


def test_dense_without_documents():
    assert Dense(Stored(np.empty((0, 5)), []), "cosine").scores(np.ones((2, 5))).shape == (2, 0)
