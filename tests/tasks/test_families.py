"""Tasks on checkpoints of every family: segments or none, byte-level pieces, tied or factorised embeddings."""

import importlib.util
import json
from pathlib import Path

import pytest
from material import LONG, TEXTS

from medenc.core.artifact import writing
from medenc.core.plugins import build
from medenc.runtime.export import export
from medenc.runtime.parity import verify
from medenc.runtime.predictor import Predictor

_SPEC = importlib.util.spec_from_file_location(
    "tiny_checkpoints", Path(__file__).parents[1] / "runtime" / "tiny_checkpoints.py"
)
CHECKPOINTS = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(CHECKPOINTS)

CLASSES = [{"text": text, "pair": text[::-1], "label": "ab"[place % 2]} for place, text in enumerate([*TEXTS, LONG])]
NOTES = [
    {"text": text, "entities": [{"start_idx": 0, "end_idx": 2, "type": "x", "entity": text[:3]}]}
    for text in (*TEXTS, LONG)
]
PAIRS = [
    ("roberta", "pairs"),  # no segments
    ("roberta", "notes"),  # byte-level pieces
    ("electra", "pairs"),
    ("albert", "pairs"),  # new tokens in factorised embeddings
    ("bert", "notes"),
]
TASKS = {
    "pairs": ({"use": "classification", "pair": True, "tokens": ["@DRUG$"], "mark_shared": True}, "rows.jsonl"),
    "notes": ({"use": "tagging", "unit": "piece"}, "notes.json"),
}


def test_every_family_is_here():
    assert {family for family, _ in PAIRS} == set(CHECKPOINTS.FAMILIES)


@pytest.mark.parametrize(("family", "name"), PAIRS)
def test_a_task_on_a_checkpoint(family, name, tmp_path):
    task, file = TASKS[name]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in CLASSES), encoding="utf-8")
    (tmp_path / "notes.json").write_text(json.dumps(NOTES), encoding="utf-8")
    reader = {"rows.jsonl": {"use": "labelled", "text": "text", "pair": "pair"}, "notes.json": {"use": "cmeee"}}[file]
    layers = {} if family == "albert" else {"layer_decay": 0.9}  # ALBERT has one layer, many times
    step = build(
        "step",
        {
            "use": "train",
            "start": str(CHECKPOINTS.write_checkpoint(family, tmp_path / "start")),
            "encoder": {"max_tokens": 40, "pooling": "cls", "normalize": False},
            "objective": {"use": "supervised", "task": task},
            "data": [{**reader, "path": str(tmp_path / file)}],
            "fit": {"max_steps": 2, "per_device_batch_size": 4, "threads": 1, **layers},
        },
        "x",
    )
    with writing(tmp_path / "model", "model", options={}) as draft:
        step.run(draft)
    if family == "roberta":
        export(tmp_path / "model", "onnx")
    report = verify(tmp_path / "model")
    assert report["ok"], report
    assert set(report["backends"]) >= {"openvino", "torch"}
    predictor = Predictor.open(tmp_path / "model")
    given = [{"text": text, "pair": "an @DRUG$ text"} for text in TEXTS] if name == "pairs" else list(TEXTS)
    for text, own in zip(TEXTS, predictor.predict(given, "truncate"), strict=True):
        for entity in own if name == "notes" else ():
            assert text[entity.start : entity.end] == entity.text
