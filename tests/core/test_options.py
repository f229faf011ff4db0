"""Options are strict and say what they wanted."""

import pytest

from medenc.core.errors import MedencError, did_you_mean
from medenc.core.options import Options


class Fit(Options):
    learning_rate: float = 1e-3


class Train(Options):
    fit: Fit = Fit()
    seed: int = 0


def test_defaults_and_values():
    assert Train.parse({"fit": {"learning_rate": 0.5}}, "sap").fit.learning_rate == 0.5


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sead": 1}, "sap.sead: no such option (did you mean 'seed'?)"),
        (
            {"fit": {"learning_rat": 1}},
            "sap.fit.learning_rat: no such option (did you mean 'learning_rate'?)",
        ),
        ({"zzz": 1}, "sap.zzz: no such option (known: fit, seed)"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(values, message):
    with pytest.raises(MedencError) as error:
        Train.parse(values, "sap")
    assert str(error.value) == message


def test_wrong_values_name_their_place():
    with pytest.raises(MedencError, match=r"sap\.seed: .*integer.*found 'many'"):
        Train.parse({"seed": "many"}, "sap")


def test_did_you_mean_lists_all_when_nothing_is_near():
    assert did_you_mean("q", ["abc", "xyz"]) == "known: abc, xyz"
