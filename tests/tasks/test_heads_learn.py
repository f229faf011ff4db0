"""Every head of questions, spans and triples learns its rows, and says the same under an exported graph."""

import pytest
from material import CASES
from trained import trained

from medenc.runtime.parity import verify
from medenc.runtime.predictor import Predictor

MODELS = {
    "start and end": (CASES["extractive_qa"][0], 60),
    "joint": (CASES["extractive_qa"][2], 60),
    "likeliest sentences": (CASES["extractive_qa"][5], 60),
    "choice": (CASES["multiple_choice"][0], 30),
    "lettered choice": (CASES["multiple_choice"][2], 60),
    "spans": (CASES["entity_spans"][1], 60),
    "linked triples": (CASES["triples"][0], 150),
    "published triples": (CASES["triples"][3], 60),
    "known triples": (CASES["triples"][4], 150),
    "entity starts": (CASES["relation"][2], 80),
}
LEAST = {"published triples": 0.3, "entity starts": 0.85}  # schemes that cannot say some of their triples


@pytest.mark.parametrize("name", MODELS)
def test_it_learns_and_every_backend_agrees(name, tmp_path):
    case, steps = MODELS[name]
    folder, numbers = trained(tmp_path, case.options, list(case.rows), steps=steps, backends=("openvino",))
    report = verify(folder)
    assert report["ok"]
    assert set(report["backends"]) == {"openvino", "torch"}
    predictor = Predictor.open(folder)
    found = predictor.predict_rows(case.rows, "truncate").predictions
    score = predictor.task.score(case.rows, found, predictor.labels)[predictor.task.main_measure]
    assert score >= LEAST.get(name, 0.95), numbers
