"""Calibration and risk over coverage, worked by hand and against plain definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.metrics.confidence import area_under_risk, calibration_error, reliability, risk_coverage

PAIRS = st.lists(st.tuples(st.sampled_from([0.0, 0.15, 0.5, 0.85, 1.0]), st.booleans()), min_size=1, max_size=30)


def test_worked_bins():
    sure, right = [0.95, 0.91, 0.55, 0.52, 0.58, 0.1], [True, False, True, True, False, False]
    found = reliability(sure, right)
    assert [(own.n, round(own.confidence, 4), round(own.accuracy, 4)) for own in found] == [
        (1, 0.1, 0.0),
        (3, 0.55, 0.6667),
        (2, 0.93, 0.5),
    ]
    assert calibration_error(sure, right) == pytest.approx((0.1 + 3 * 0.116667 + 2 * 0.43) / 6, abs=1e-5)


def test_worked_risk():
    coverage, risk = risk_coverage([0.9, 0.8, 0.7, 0.6], [True, False, True, False])
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert area_under_risk([0.9, 0.8], [True, False]) == 0.25 < area_under_risk([0.8, 0.9], [True, False]) == 0.75


@given(PAIRS, st.randoms())
def test_order_does_not_matter(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    both = [list(zip(*own, strict=True)) for own in (pairs, shuffled)]
    assert area_under_risk(*both[0]) == pytest.approx(area_under_risk(*both[1]))
    assert calibration_error(*both[0]) == pytest.approx(calibration_error(*both[1]))


@given(PAIRS)
def test_equally_sure_ones_are_wrong_in_expectation(pairs):
    sure, right = (np.array(own) for own in zip(*pairs, strict=True))
    risk = risk_coverage(sure, right)[1]
    assert risk[-1] == pytest.approx((~right).mean())
    orders = [np.lexsort((np.random.default_rng(seed).random(len(sure)), -sure)) for seed in range(400)]
    expected = np.mean([np.cumsum(~right[order]) / np.arange(1, len(sure) + 1) for order in orders], axis=0)
    assert np.abs(risk - expected).max() < 0.15


@given(PAIRS)
def test_the_error_is_what_the_definition_says(pairs):
    sure, right = (np.array(own) for own in zip(*pairs, strict=True))
    edges = np.minimum((sure * 10).astype(int), 9)
    expected = sum(abs(sure[edges == b].sum() - right[edges == b].sum()) for b in range(10)) / len(sure)
    assert calibration_error(sure, right) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("sure", "right"), [([], []), ([0.5], [True, False]), ([1.2], [True]), ([float("nan")], [True])]
)
def test_what_is_no_confidence_is_refused(sure, right):
    with pytest.raises(MedencError):
        reliability(sure, right)
