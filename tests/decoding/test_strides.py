import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medenc.decoding.strides import most_central, window_starts


@pytest.mark.parametrize(
    ("length", "stride_is", "starts"),
    [
        (600, "overlap", [0, 361]),
        (600, "step", [0, 128]),
        (1500, "overlap", [0, 361, 722, 1083]),
        (1500, "step", [0, 128, 256, 384, 512, 640, 768, 896, 1024]),
        (489, "overlap", [0]),
        (0, "step", [0]),
    ],
)
def test_one_word_means_two_things(length, stride_is, starts):
    assert window_starts(length, 489, 128, stride_is) == starts  # 512 tokens, a question of 20


@given(st.integers(0, 300), st.integers(1, 60), st.integers(1, 90), st.sampled_from(["overlap", "step"]))
def test_every_token_is_in_a_window_and_owned_once(length, capacity, stride, stride_is):
    starts = window_starts(length, capacity, stride, stride_is)
    covered = [place for start in starts for place in range(start, min(start + capacity, length))]
    assert set(covered) == set(range(length))
    assert len(starts) == len(set(starts))
    owned = most_central(length, starts, capacity)
    owners = [start + place for start, own in zip(starts, owned, strict=True) for place in np.flatnonzero(own)]
    assert sorted(owners) == list(range(length))


def test_an_overlap_is_at_most_half_a_window():
    assert window_starts(30, 10, 128, "overlap") == [0, 5, 10, 15, 20]
    assert window_starts(30, 10, 128, "step") == [0, 10, 20]


def test_the_middle_of_a_window_sees_best():
    assert [own.tolist() for own in most_central(6, [0, 2], 4)] == [
        [True, True, True, False],
        [False, True, True, True],
    ]
