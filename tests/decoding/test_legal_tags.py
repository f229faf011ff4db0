"""The likeliest tags that form entities, against trying all of them."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medenc.data.tags import decode
from medenc.decoding.legal_tags import likeliest

IOB2 = ["O", "B-a", "I-a", "B-b", "I-b"]
BIOES = ["O", "B-a", "I-a", "E-a", "S-a"]


def legal(tags, closed):
    """Whether reading and writing give the same tags."""
    written = ["O"] * len(tags)
    for first, end, label in decode(tags):
        inner = end - first - 1
        if not closed:
            written[first:end] = [f"B-{label}", *[f"I-{label}"] * inner]
        else:
            written[first:end] = (
                [f"B-{label}", *[f"I-{label}"] * (inner - 1), f"E-{label}"] if inner else [f"S-{label}"]
            )
    return written == list(tags)


@given(st.integers(0, 5), st.integers(0, 2**32 - 1), st.sampled_from([(IOB2, False), (BIOES, True)]))
def test_it_is_the_best_of_all_legal_sequences(units, seed, scheme):
    """Seen to fail with the last unit free to leave an entity open."""
    tags, closed = scheme
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(len(tags)) / 2, units)
    found = likeliest(probabilities, tags, closed=closed)
    assert legal([tags[tag] for tag in found], closed)

    def score(path):
        return np.log(np.maximum(probabilities[np.arange(units), list(path)], np.finfo(np.float32).tiny)).sum()

    all_legal = [path for path in product(range(len(tags)), repeat=units) if legal([tags[tag] for tag in path], closed)]
    assert score(found) == pytest.approx(max(map(score, all_legal)))


def test_a_stray_inside_is_not_an_entity_of_its_own():
    """By hand: I-a alone has 0.6, but O B-a or B-a I-a is what may be read; 0.4 · 0.6 beats 0.3 · 0.3."""
    probabilities = np.array([[0.3, 0.4, 0.3], [0.3, 0.1, 0.6]])
    assert likeliest(probabilities, ["O", "B-a", "I-a"], closed=False).tolist() == [1, 2]
