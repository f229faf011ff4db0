"""Batches: every row each epoch, little padding, the same again from any position."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from medenc.train.batches import Batches

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=300)


@settings(max_examples=60, deadline=None)
@given(LENGTHS, st.integers(1, 40), st.integers(0, 9))
def test_rows(lengths, rows, seed):
    batches = Batches(lengths, rows=rows, tokens=None, seed=seed)
    size = min(rows, len(lengths))
    for epoch in (0, 1):
        found = batches.epoch(epoch)
        assert all(len(batch) == size for batch in found)
        assert set(np.concatenate(found)) == set(range(len(lengths)))
        assert len(found) == -(-len(lengths) // size)
        assert all(len(set(batch)) == size for batch in found)


@settings(max_examples=60, deadline=None)
@given(LENGTHS, st.integers(1, 200), st.integers(0, 9))
def test_token_budget(lengths, tokens, seed):
    batches = Batches(lengths, rows=1, tokens=tokens, seed=seed)
    for batch in batches.epoch(0):
        longest = max(lengths[row] for row in batch)
        assert len(batch) == 1 or longest * len(batch) <= tokens
    assert sorted(np.concatenate(batches.epoch(0))) == list(range(len(lengths)))


@settings(max_examples=30, deadline=None)
@given(LENGTHS, st.integers(1, 9), st.one_of(st.none(), st.integers(20, 99)), st.integers(0, 60))
def test_a_position_is_reached_directly(lengths, rows, tokens, position):
    walked = Batches(lengths, rows=rows, tokens=tokens, seed=3)
    steps = [walked.at(place) for place in range(position + 1)]
    epoch, batch = Batches(lengths, rows=rows, tokens=tokens, seed=3).at(position)
    assert epoch == steps[-1][0]
    assert np.array_equal(batch, steps[-1][1])


def test_epochs_and_seeds_differ():
    orders = [
        np.concatenate(Batches(range(1, 65), rows=8, tokens=None, seed=seed).epoch(epoch)).tolist()
        for seed, epoch in ((0, 0), (0, 1), (1, 0), (0, 0))
    ]
    assert orders[0] == orders[3]
    assert len({tuple(order) for order in orders}) == 3


def test_bucketing_saves_most_of_the_padding():
    lengths = np.random.default_rng(0).integers(4, 200, 4096)
    batches = Batches(lengths, rows=32, tokens=None, seed=0).epoch(0)
    padded = sum(lengths[batch].max() * len(batch) for batch in batches)
    shuffled = np.random.default_rng(1).permutation(4096).reshape(-1, 32)
    assert padded < 1.05 * lengths.sum()
    assert sum(lengths[batch].max() * 32 for batch in shuffled) > 1.8 * lengths.sum()


def test_no_batch_has_fewer_rows_than_there_are_processes():
    batches = Batches([5] * 7, rows=1, tokens=10, seed=0, least=2).epoch(0)
    assert all(len(set(batch.tolist())) == 2 for batch in batches)
    assert {row for batch in batches for row in batch.tolist()} == set(range(7))
