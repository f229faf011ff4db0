import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from medenc.decoding.span_windows import Seen, decided, marked
from medenc.decoding.units import windows


@given(st.integers(1, 60), st.integers(2, 20), st.data())
def test_one_window_decides_about_a_span_that_any_sees(units, capacity, data):
    first = data.draw(st.integers(0, units - 1))
    last = data.draw(st.integers(first, units - 1))
    seen = [
        Seen(w.first, w.own_first, w.own_last, np.zeros((w.last - w.first, 2)), np.zeros(w.last - w.first))
        for w in windows([1] * units, capacity)
    ]
    deciders = [decided(seen, own, np.array([first]), np.array([last]))[0] for own in range(len(seen))]
    able = [window.first <= first and last < window.end for window in seen]
    assert sum(deciders) == any(able)
    assert all(can for can, does in zip(able, deciders, strict=True) if does)


def test_a_span_does_not_run_backward():
    scores = np.array([[[1.0, 5, 1], [5, -1, 5], [5, 1, 1]]])
    cells, _ = marked(scores, np.array([0, 2]), 0.0, forward=True)
    assert cells.tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 1]]
    assert len(marked(scores, np.array([0, 2]), 0.0, forward=False).cells) == 4
