"""The step leaves its input alone and writes a model that has one backend more."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny_checkpoints import TEXTS

from medenc.core.artifact import amending, open_artifact, writing
from medenc.core.errors import MedencError
from medenc.evaluation.trained import FACT
from medenc.runtime.embedder import Embedder
from medenc.runtime.parity import verify
from medenc.steps.export import Export


def test_an_exported_model_still_says_what_it_was_trained_on(model: Path, tmp_path: Path) -> None:
    """Seen to fail: evaluation then looked for leaks in the measured folder alone."""
    shutil.copytree(model, tmp_path / "model")
    sources = [{"use": "pairs", "path": "/data", "split": "train"}]
    with amending(tmp_path / "model") as draft:
        draft.facts[FACT] = sources
    step = Export.parse({"model": str(tmp_path / "model"), "backend": "openvino"}, "export")
    with writing(tmp_path / "exported", step.kind, options={}) as draft:
        step.run(draft)
    assert open_artifact(tmp_path / "exported").manifest[FACT] == sources


def test_step_writes_a_sound_model_beside_its_input(model: Path, tmp_path: Path) -> None:
    before = open_artifact(model).content
    step = Export.parse({"model": str(model), "backend": "onnx"}, "export")
    with writing(tmp_path / "exported", step.kind, options={}) as draft:
        step.run(draft)
    assert open_artifact(model).content == before
    assert set(verify(tmp_path / "exported")["backends"]) == {"onnx", "openvino", "torch"}
    assert open_artifact(tmp_path / "exported").manifest["numbers"]["worst_cosine"] >= 0.99999
    first, second = Embedder.open(model), Embedder.open(tmp_path / "exported", backend="onnx")
    assert first.fingerprint == second.fingerprint
    np.testing.assert_allclose(first.encode(TEXTS), second.encode(TEXTS), atol=1e-5)


@pytest.mark.parametrize("given", ["texts", "judged"])
def test_data_for_int8_is_no_business_of_float32(model: Path, tmp_path: Path, given: str) -> None:
    """Seen to fail: the step ignored the texts."""
    step = Export.parse({"model": str(model), given: str(tmp_path)}, "export")
    with (
        pytest.raises(MedencError, match="are for int8"),
        writing(tmp_path / "exported", step.kind, options={}) as draft,
    ):
        step.run(draft)
    assert not (tmp_path / "exported").exists()
