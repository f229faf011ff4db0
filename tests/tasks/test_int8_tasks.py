"""A task's model in int8 is judged by its decisions and, on labelled rows, by its score."""

import json

import pytest
from material import CASES
from trained import trained

from medenc import api
from medenc.core.artifact import open_artifact
from medenc.core.errors import MedencError
from medenc.runtime.int8 import export as trial
from medenc.runtime.parity import verify
from medenc.runtime.predictor import Predictor


@pytest.mark.slow
def test_decisions_and_scores_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "FASTER", 0.0)
    case = CASES["classification"][0]
    folder, _ = trained(tmp_path, case.options, list(case.rows), backends=("openvino",))
    report = trial.export_int8(folder, judged=list(case.rows))
    assert report["equal_decisions"] >= 0.99
    assert report["judged"] == len(case.rows)
    assert report["score"] == report["float_score"] == 1
    assert open_artifact(folder).manifest["exports"]["openvino"]["int8"] == json.loads(json.dumps(report))
    assert list(verify(folder)["backends"]) == ["openvino-int8", "openvino", "torch"]
    assert verify(folder)["ok"]
    found = [Predictor.open(folder, precision=one).predict_rows(case.rows, "truncate") for one in ("int8", "fp32")]
    assert [one.label for one in found[0].predictions] == [one.label for one in found[1].predictions]


@pytest.mark.slow
def test_labelled_rows_are_read_as_those_of_training_were(tmp_path):
    case = CASES["classification"][0]
    folder, _ = trained(tmp_path, case.options, list(case.rows), backends=("openvino",))
    with pytest.raises(MedencError, match="does not say how its data was read"):
        api.export(folder, "openvino", "int8", judged=tmp_path)
