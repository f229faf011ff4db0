import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medenc.metrics import linking


def ids(*each):
    return [linking.concepts(one) for one in each]


@pytest.mark.parametrize(("second", "reached"), [("C3", math.inf), ("C2", 1)])
def test_every_part_of_a_composite_must_hit(second, reached):
    """The toy of the retrieval specification: gold C1|C2, mention a|b, dictionary a -> C9|C1."""
    gold = linking.published("a|b", "C1|C2")
    assert gold.parts == ("a", "b")
    assert linking.rank(gold, [ids("C9|C1"), ids(second)]) == reached


def test_plus_separates_as_published_and_not_soundly():
    assert linking.published("K+", "C1").parts == ("K", "")
    assert linking.sound("K+", "C1").parts == ("K+",)
    assert linking.sound("a+b", "C1+C2").parts == ("a", "b")
    assert linking.sound("K+", "C1|C2").parts == ("K",)
    assert linking.sound("a and b", "C1|C2").parts == ("a and b",)


def test_the_rank_is_that_of_the_worst_part():
    gold = linking.published("a|b", "C1|C2")
    assert linking.rank(gold, [ids("C1"), ids("C7", "C8", "C2")]) == 3
    assert linking.rank(gold, [ids("C1"), []]) == math.inf


def test_accuracy_counts_ranks_up_to_k():
    found = linking.accuracies([1, 2, 5, 6, math.inf], at=(1, 5))
    assert found == {"Acc@1": [1, 0, 0, 0, 0], "Acc@5": [1, 1, 1, 0, 0]}


def test_calibration_by_hand():
    probabilities, happened = np.array([0.9, 0.9, 0.1, 0.1]), np.array([1.0, 0.0, 0.0, 0.0])
    even = np.ones(4)
    assert linking.brier(probabilities, happened, even) == pytest.approx((0.01 + 0.81 + 0.01 + 0.01) / 4)
    assert linking.calibration_error(probabilities, happened, even) == pytest.approx((0.8 + 0.2) / 4)
    assert linking.separation(probabilities, happened, even) == pytest.approx(2.5 / 3)
    assert linking.separation(probabilities, happened, np.array([1.0, 0, 1, 1])) == 1
    assert math.isnan(linking.separation(probabilities, np.zeros(4), even))


CASES = st.lists(
    st.tuples(st.integers(0, 10), st.booleans(), st.sampled_from([0.5, 1.0, 2.0])), min_size=1, max_size=30
)


@given(CASES)
def test_separation_is_the_share_of_pairs_in_order(cases):
    p, y, w = (np.array(column, dtype=float) for column in zip(*cases, strict=True))
    pairs = [(wa * wb, (a > b) + (a == b) / 2) for a, ya, wa in cases for b, yb, wb in cases if ya and not yb]
    if pairs:
        expected = sum(weight * value for weight, value in pairs) / sum(weight for weight, _ in pairs)
        assert linking.separation(p / 10, y, w) == pytest.approx(expected)
