"""What is masked: shares, whole units, and nothing that is special."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.data.masking import IGNORED, Masking, drawn, moment, ordinary
from medenc.data.sequences import Batch


class Vocabulary:
    """A tokenizer of 60 ids, of which 0 to 3 and 59 are special."""

    mask_token_id, all_special_ids = 59, [59, 0, 1, 2, 3]

    def __len__(self):
        return 60


def batch(words, *, entities=None, special=None):
    """Rows of word lengths: every row [CLS], words of so many tokens, [SEP]."""
    starts = np.array([[True, *(place == 0 for word in row for place in range(word)), True] for row in words])
    special = np.zeros_like(starts) if special is None else np.array(special, dtype=bool)
    special[:, [0, -1]] = True
    ids = 10 + np.arange(starts.size).reshape(starts.shape) % 40
    entities = np.zeros(starts.shape, dtype=np.uint8) if entities is None else np.array(entities, dtype=np.uint8)
    return Batch(ids, np.ones_like(ids), np.zeros_like(ids), starts | special, entities, special)


def units(mask):
    """The masked runs of a row, as (start, end)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


@pytest.mark.parametrize("unit", ["token", "word", "span"])
def test_shares_are_those_that_were_asked_for(unit):
    rows = batch([[1, 2, 3, 1, 1, 4] * 40] * 200)
    masked = Masking(unit=unit).hide(rows, np.random.default_rng(1).random((3, *rows.input_ids.shape)), Vocabulary())
    chosen = masked.labels != IGNORED
    assert chosen[~rows.special].mean() == pytest.approx(0.15, abs=0.004)
    hidden, kept = masked.ids == 59, masked.ids == rows.input_ids
    assert hidden[chosen].mean() == pytest.approx(0.8, abs=0.01)
    assert kept[chosen].mean() == pytest.approx(0.1 + 0.1 / 55, abs=0.01)  # one token of 55 is replaced by itself
    assert kept[~chosen].all()
    assert (masked.labels[chosen] == rows.input_ids[chosen]).all()


def test_a_word_is_masked_whole_by_the_number_of_its_first_token():
    rows = batch([[1, 3, 2]])
    draws = np.full((3, 1, 8), 0.5)
    draws[0, 0] = [0.0, 0.9, 0.1, 0.9, 0.9, 0.9, 0.1, 0.0]  # the word at 2; not the token at 6, inside a word
    draws[1, 0, 2:5] = [0.79, 0.85, 0.95]  # masked, replaced, kept
    masked = Masking().hide(rows, draws, Vocabulary())
    assert masked.labels.tolist() == [[-100, -100, 12, 13, 14, -100, -100, -100]]
    assert masked.ids.tolist() == [[10, 11, 59, 4 + 55 // 2, 14, 15, 16, 17]]


def test_an_entity_of_several_words_is_one_unit():
    entities = [[0, 0, 1, 2, 2, 0, 1, 2, 0]]
    rows = batch([[1, 1, 2, 1, 1, 1]], entities=entities)  # words at 1, 2, 3-4, 5, 6, 7
    for seed in range(200):
        draws = np.random.default_rng(seed).random((3, 1, 9))
        chosen = Masking(unit="entity", rate=0.4).hide(rows, draws, Vocabulary()).labels[0] != IGNORED
        assert len(set(chosen[2:5])) == len(set(chosen[6:8])) == 1
    words = [
        Masking(rate=0.4).hide(rows, np.random.default_rng(seed).random((3, 1, 9)), Vocabulary()).labels[0] != IGNORED
        for seed in range(200)
    ]
    assert any(len(set(chosen[2:5])) == 2 for chosen in words)  # without the marks it is torn


def test_spans_have_spanbert_lengths_and_one_lot():
    rows = batch([[1] * 4000])
    draws = np.random.default_rng(2).random((3, 1, 4002))
    masked = Masking(unit="span", rate=0.02).hide(rows, draws, Vocabulary())
    found = units(masked.labels[0] != IGNORED)
    lengths = [end - start for start, end in found]
    assert np.mean(lengths) == pytest.approx(3.8, abs=0.9)
    assert max(lengths) > 5
    lots = [{"mask" if token == 59 else "other" for token in masked.ids[0, start:end]} for start, end in found]
    assert sum(len(lot) == 1 for lot in lots) >= len(lots) - 1  # two that touch may differ


def test_a_span_ends_before_a_separator():
    special = np.zeros((1, 12), dtype=bool)
    special[0, 5] = True
    rows = batch([[1] * 10], special=special)
    draws = np.full((3, 1, 12), 0.99)
    draws[0, 0, 3] = 0.0418  # a begin, and close to the limit: the longest span, if nothing stood in its way
    chosen = Masking(unit="span").hide(rows, draws, Vocabulary()).labels[0] != IGNORED
    assert np.flatnonzero(chosen).tolist() == [3, 4]


@given(
    words=st.lists(st.integers(1, 5), min_size=1, max_size=20),
    unit=st.sampled_from(["token", "word", "entity", "span"]),
    rate=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**32),
)
def test_nothing_special_is_masked_no_word_is_torn_and_no_special_token_put_in(words, unit, rate, seed):
    rows = batch([words])
    rng = np.random.default_rng(seed)
    masked = Masking(unit=unit, rate=rate).hide(rows, rng.random((3, *rows.input_ids.shape)), Vocabulary())
    chosen = masked.labels != IGNORED
    assert not chosen[rows.special].any()
    assert not np.isin(masked.ids[masked.ids != rows.input_ids], [0, 1, 2, 3]).any()
    if unit != "token":
        word = np.cumsum(rows.word_starts[0])
        assert all(len(set(chosen[0, word == number])) == 1 for number in set(word))


def test_a_row_of_special_tokens_alone_is_left_as_it_is():
    rows = batch([[]])
    masked = Masking(rate=0.99).hide(rows, np.zeros((3, 1, 2)), Vocabulary())
    assert (masked.ids == rows.input_ids).all()
    assert (masked.labels == IGNORED).all()


def test_ordinary_tokens_are_all_but_the_special_ones_alike():
    ids = ordinary((np.arange(5500) + 0.5) / 5500, Vocabulary())
    assert np.unique_counts(ids).values.tolist() == list(range(4, 59))
    assert set(np.unique_counts(ids).counts) == {100}


def test_a_row_draws_the_same_numbers_in_any_batch():
    rng = np.random.default_rng
    together = drawn(rng([7, 3, 0]), [11, 5, 8], 4, 30)
    assert together.shape == (4, 3, 30)
    np.testing.assert_array_equal(drawn(rng([7, 3, 9]), [5], 4, 12), together[:, 1:2, :12])
    assert not np.isin(drawn(rng([7, 4, 0]), [5], 4, 12), together).any()  # another epoch
    assert not np.isin(drawn(rng([8, 3, 0]), [5], 4, 12), together).any()  # another seed
    assert moment(rng([7, 3, 0])) == (7, 3)


def test_shares_beyond_the_whole_are_refused():
    with pytest.raises(MedencError, match="more than all"):
        Masking.parse({"mask_share": 0.9, "random_share": 0.2}, "masking")
