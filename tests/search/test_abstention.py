import numpy as np
import pytest

from medenc.core.errors import MedencError
from medenc.search.abstention import FEATURES, Abstention, fit


@pytest.fixture(scope="module")
def drawn():
    """Mentions whose probability of none is known: logit 2 - 6 * score."""
    rng = np.random.default_rng(0)
    features = np.zeros((4000, len(FEATURES)))
    features[:, 0] = rng.random(4000)
    none = rng.random(4000) < 1 / (1 + np.exp(6 * features[:, 0] - 2))
    return features, none


def test_the_probabilities_of_the_data_are_found(drawn):
    judge = fit(*drawn, np.ones(4000))
    for score in (0.1, 0.5, 0.9):
        expected = 1 / (1 + np.exp(6 * score - 2))
        assert judge.probability([score, 0, 0, 0, 0, 0]) == pytest.approx(expected, abs=0.04)


def test_weights_count_mentions(drawn):
    features, none = drawn
    twice = fit(
        np.concatenate([features, features[none]]), np.concatenate([none, none[none]]), np.ones(4000 + none.sum())
    )
    weighted = fit(features, none, 1.0 + none)
    where = [0.4, 0, 0, 0, 0, 0]
    assert weighted.probability(where) == pytest.approx(twice.probability(where), abs=1e-3)
    assert weighted.probability(where) > fit(features, none, np.ones(4000)).probability(where)


def test_it_survives_json(drawn):
    judge = fit(*drawn, np.ones(4000))
    again = Abstention.parse(judge.model_dump(mode="json"), "dictionary.json")
    assert again.probability([0.3] * 6) == judge.probability([0.3] * 6)


@pytest.mark.parametrize("none", [np.zeros(3), np.ones(3)])
def test_one_kind_of_mention_teaches_nothing(none):
    with pytest.raises(MedencError, match="with and without"):
        fit(np.ones((3, 6)), none, np.ones(3))


def test_separable_mentions_do_not_break_it():
    features = np.zeros((40, 6))
    features[:20, 0] = 1
    judge = fit(features, features[:, 0] < 0.5, np.ones(40))
    assert 0.5 < judge.probability([0, 0, 0, 0, 0, 0]) < 1
