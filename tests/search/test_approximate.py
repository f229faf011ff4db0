import numpy as np
import pytest

from medenc.core.vectors import unit
from medenc.search import approximate, arrays
from medenc.search.approximate import Vectors


@pytest.fixture(scope="module")
def units():
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((60, 16))
    return unit(centres[rng.integers(0, 60, 3000)] + 0.4 * rng.standard_normal((3000, 16))).astype(np.float32)


@pytest.fixture(scope="module")
def lists(units, tmp_path_factory):
    return approximate.build(units, tmp_path_factory.mktemp("lists") / "data.npy", recall=0.95, exact_below=100)


def exact(units, query, n):
    return np.lexsort((np.arange(len(units)), -(units @ query)))[:n]


def test_few_vectors_are_searched_exactly(units, tmp_path):
    few = units[:500]
    built = approximate.build(few, tmp_path / "data.npy", recall=0.5)
    assert (len(built.centres), built.probes, built.recall) == (1, 1, 1.0)
    rows, scores = built.top(units[700], 10)
    assert rows.tolist() == exact(few, units[700], 10).tolist()
    assert scores == pytest.approx(few[rows] @ units[700], abs=1e-6)


def test_lists_reach_the_recall_that_they_state(units, lists):
    assert len(lists.centres) > 1
    assert lists.probes < len(lists.centres)
    assert lists.recall >= 0.95
    found = [set(lists.top(q, 10)[0].tolist()) & set(exact(units, q, 10).tolist()) for q in units[::10]]
    assert np.mean([len(own) / 10 for own in found]) > 0.93


def test_every_vector_is_in_one_list(units, lists):
    assert sorted(lists.rows.tolist()) == list(range(3000))
    assert np.array_equal(lists.data, units[lists.rows])
    assert lists.scores(units[5], np.array([5, 6])) == pytest.approx([1, units[5] @ units[6]], abs=1e-5)


def test_an_unreachable_recall_opens_every_list(units, tmp_path):
    rng = np.random.default_rng(1)
    apart = unit(rng.standard_normal((400, 64))).astype(np.float32)
    built = approximate.build(apart, tmp_path / "data.npy", recall=1.1, exact_below=100)
    assert built.probes == len(built.centres)
    assert built.top(apart[3], 20)[0].tolist() == exact(apart, apart[3], 20).tolist()


def test_the_same_vectors_give_the_same_lists(units, lists, tmp_path):
    again = approximate.build(units, tmp_path / "data.npy", recall=0.95, exact_below=100)
    assert np.array_equal(again.rows, lists.rows)
    assert again.probes == lists.probes


def test_equal_vectors_come_in_the_order_of_their_rows(tmp_path):
    same = np.tile(unit(np.ones((1, 4), np.float32)), (20, 1))
    built = approximate.build(same, tmp_path / "data.npy", recall=1)
    assert built.top(same[0], 5)[0].tolist() == [0, 1, 2, 3, 4]


def test_lists_are_mapped_from_disk(lists, tmp_path, units):
    arrays.save(tmp_path, lists, "vectors")
    again = arrays.load(tmp_path, Vectors, "vectors", probes=lists.probes, recall=lists.recall)
    assert isinstance(again.data.base, np.memmap)
    assert again.top(units[9], 5)[0].tolist() == lists.top(units[9], 5)[0].tolist()
