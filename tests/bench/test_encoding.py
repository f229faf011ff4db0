"""A measurement starts every system in its own process, compares vectors, and says what it leaves out."""

import json
from pathlib import Path

import pytest
from tiny_checkpoints import write_checkpoint

from medenc.bench import encoding, report
from medenc.bench.machine import operations
from medenc.bench.material import LONGEST, mixed_lengths
from medenc.core.errors import MedencError
from medenc.runtime.importing import import_checkpoint

TEXTS = ["고혈압 환자", "二甲双胍", "metformin is stopped when eGFR falls below 30"] * 4


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bench")
    import_checkpoint(write_checkpoint("bert", root / "checkpoint"), root / "model", pooling="mean")
    return root / "model"


@pytest.fixture(scope="module")
def measured(model: Path) -> dict:
    systems = {
        "medenc torch fp32": {"use": "medenc", "backend": "torch"},
        "medenc openvino fp32": {"use": "medenc", "backend": "openvino"},
        "medenc onnx fp32": {"use": "medenc", "backend": "onnx"},
        "onnxruntime": {"use": "onnxruntime"},
    }
    return encoding.measure(model, TEXTS, systems, rounds=1)


def test_systems_that_run_are_measured(measured: dict) -> None:
    assert list(measured["systems"]) == ["medenc torch fp32", "medenc openvino fp32"]
    for own in measured["systems"].values():
        assert own["cosine"]["least"] >= 0.99999
        assert own["texts_per_second"] > 0
        assert own["query_ms"]["p50"] <= own["query_ms"]["p99"]
        assert 10 * 2**20 < own["peak_bytes"] < 8 * 2**30
        assert own["times"] is None  # the one whose speed is 1 was not asked for
    assert measured["texts"]["count"] == len(TEXTS)


def test_systems_that_do_not_are_left_out_with_the_reason(measured: dict) -> None:
    assert set(measured["left_out"]) == {"medenc onnx fp32", "onnxruntime"}
    assert "has no onnx model" in measured["left_out"]["medenc onnx fp32"]
    assert "ended with code 1" in measured["left_out"]["onnxruntime"]


def test_the_report_is_json_a_table_and_a_picture(measured: dict, tmp_path: Path) -> None:
    report.write(measured, tmp_path / "made" / "encode")
    assert json.loads((tmp_path / "made" / "encode.json").read_text()) == measured
    table = (tmp_path / "made" / "encode.md").read_text()
    assert sum(line.startswith("| medenc ") for line in table.splitlines()) == 2
    assert "onnxruntime: left out" in table
    chart = (tmp_path / "made" / "encode.svg").read_text()
    assert chart.count("<rect") == 3  # the ground, and a bar each
    assert 'width="360.0"' in chart  # the fastest fills the scale


def test_operations_of_a_layer_are_its_products(tmp_path: Path) -> None:
    config = {"hidden_size": 4, "intermediate_size": 8, "num_hidden_layers": 1}
    (tmp_path / "config.json").write_text(json.dumps(config))
    projections, feed_forward, attention = 4 * 3 * 4 * 4, 2 * 3 * 4 * 8, 2 * 3 * 3 * 4  # multiplications, 3 tokens
    assert operations(tmp_path, [3]) == 2 * (projections + feed_forward + attention)
    assert operations(tmp_path, [3, 3]) == 2 * operations(tmp_path, [3])


def test_texts_are_mixed_and_the_same_every_time() -> None:
    texts = mixed_lengths(300)
    assert texts == mixed_lengths(300)
    lengths = sorted(map(len, texts))
    assert len(texts) == 300
    assert lengths[-1] <= LONGEST
    assert lengths[0] < 60 < 150 < lengths[150] < 260 < lengths[-10]


@pytest.mark.parametrize(
    ("pythons", "said"),
    [
        ({"onnxruntim": Path("/usr/bin/env")}, "no such system: 'onnxruntim'.*did you mean.*onnxruntime"),
        ({"onnxruntime": Path("/nowhere/python")}, "/nowhere/python: expected a Python interpreter"),
        ({"onnxruntime": Path("/")}, "expected a Python interpreter"),
    ],
)
def test_a_wrong_interpreter_is_named_before_anything_runs(model: Path, pythons: dict, said: str) -> None:
    with pytest.raises(MedencError, match=said):
        encoding.measure(model, TEXTS, {"onnxruntime": {"use": "onnxruntime"}}, 1, pythons)


def test_a_worker_that_dies_before_it_reads_its_job_is_left_out(model: Path, tmp_path: Path) -> None:
    """Seen to fail: the pipe broke, and with it the measurement."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no medenc here >&2\nexit 3\n")
    python.chmod(0o755)
    systems = {"medenc openvino fp32": {"use": "medenc", "backend": "openvino"}, "onnxruntime": {"use": "onnxruntime"}}
    found = encoding.measure(model, TEXTS * 800, systems, 1, {"onnxruntime": python})
    assert found["left_out"] == {"onnxruntime": "it ended with code 3: no medenc here"}
