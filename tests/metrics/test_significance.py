import numpy as np
import pytest
from scipy import stats

from medenc.core.errors import MedencError
from medenc.metrics import significance
from medenc.metrics.significance import bootstrap_interval, paired_test


def test_p_of_all_sign_assignments_by_hand():
    a, b = {"1": 1.0, "2": 0.9, "3": 0.8}, {"1": 0.5, "2": 0.5, "3": 0.5}
    found = paired_test(a, b)
    assert found["difference"] == pytest.approx(0.4)
    assert found["p"] == 2 / 8  # only +++ and --- are as far from 0
    assert paired_test(b, a)["difference"] == pytest.approx(-0.4)
    assert paired_test(b, a)["p"] == found["p"]


def test_no_difference_is_no_evidence():
    a = {"1": 0.3, "2": 0.7}
    assert paired_test(a, dict(reversed(a.items()))) == {"difference": 0.0, "interval": [0.0, 0.0], "p": 1.0}


@pytest.mark.oracle
@pytest.mark.parametrize(("n", "shift"), [(8, 0.3), (12, 0.0), (60, 0.1)])
def test_equal_to_scipy(n, shift):
    rng = np.random.default_rng(n)
    a, b = rng.random(n) + shift, rng.random(n)
    ours = paired_test(dict(enumerate(a)), dict(enumerate(b)))
    scipy = stats.permutation_test(
        (a, b), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples", vectorized=True, rng=0
    )
    assert ours["p"] == pytest.approx(scipy.pvalue, abs=1e-12 if n < 13 else 0.02)
    theirs = stats.bootstrap((a,), np.mean, method="percentile", n_resamples=9999, rng=0).confidence_interval
    assert bootstrap_interval(a) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(400):
        low, high = bootstrap_interval(rng.exponential(size=60), rounds=400)
        inside += low <= 1.0 <= high
    assert 0.88 <= inside / 400 <= 0.98


def _system(rng):
    return dict(enumerate(rng.random(30)))


def test_p_is_uniform_when_nothing_differs():
    rng = np.random.default_rng(2)
    p = [paired_test(_system(rng), _system(rng), rounds=300)["p"] for _ in range(300)]
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.09
    assert 0.4 <= np.mean(p) <= 0.6


def test_the_same_seed_gives_the_same_bits_whatever_the_blocks(monkeypatch):
    values = np.random.default_rng(3).random(50)
    whole = bootstrap_interval(values), paired_test(dict(enumerate(values)), dict.fromkeys(range(50), 0.4))
    monkeypatch.setattr(significance, "BLOCK", 500)
    assert (bootstrap_interval(values), paired_test(dict(enumerate(values)), dict.fromkeys(range(50), 0.4))) == whole
    assert bootstrap_interval(values, seed=1) != whole[0]


def test_edges():
    assert bootstrap_interval([0.5]) == (0.5, 0.5)
    low, high = bootstrap_interval([0.0, 1.0] * 20)
    wide = bootstrap_interval([0.0, 1.0] * 20, level=0.99)
    assert wide[0] < low < 0.5 < high < wide[1]
    with pytest.raises(MedencError, match="no value"):
        bootstrap_interval([])
    with pytest.raises(MedencError, match="on the same queries"):
        paired_test({"1": 1.0}, {"2": 1.0})
