"""Exported graphs repeat the model, are accepted only then, and are written whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from tiny_checkpoints import TEXTS

from medenc import api
from medenc.core import artifact
from medenc.core.errors import MedencError
from medenc.runtime.embedder import Embedder
from medenc.runtime.export import export
from medenc.runtime.session import open_session


@pytest.fixture
def copy(model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model, tmp_path / "model"))


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("backend", ["onnx", "openvino", "torch"])
def test_backends_agree_with_sentence_transformers(copy: Path, backend: str) -> None:
    if backend == "onnx":
        export(copy, "onnx")
    vectors = Embedder.open(copy, backend=backend).encode(TEXTS)
    np.testing.assert_allclose(vectors, SentenceTransformer(str(copy)).encode(list(TEXTS)), atol=1e-5)


def test_export_adds_a_backend_and_keeps_the_identity(copy: Path) -> None:
    before, first = artifact.open_artifact(copy), Embedder.open(copy).fingerprint
    made = export(copy, "onnx")
    after = artifact.open_artifact(copy)
    assert made["worst_cosine"] >= 0.99999
    assert set(after.manifest["exports"]) == {"openvino", "onnx"}
    assert set(after.manifest["files"]) - set(before.manifest["files"]) == {"onnx/model.onnx"}
    assert after.fingerprint == before.fingerprint
    assert after.content != before.content
    assert not after.damaged()
    assert Embedder.open(copy).fingerprint == first


def test_graph_keeps_token_vectors_for_those_who_pool_themselves(copy: Path) -> None:
    export(copy, "onnx")
    ids = np.array([[2, 9, 9, 3]])
    batch = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    for backend in ("openvino", "onnx", "torch"):
        found = open_session(copy, backend).run(batch)
        assert list(found) == ["last_hidden_state", "sentence_embedding"]
        mean = found["last_hidden_state"].mean(1)
        np.testing.assert_allclose(found["sentence_embedding"], mean / np.linalg.norm(mean), atol=1e-5)


def test_answers_to_many_batches_keep_their_order_and_their_values(copy: Path) -> None:
    export(copy, "onnx")
    rows = [np.full((1, 3 + number % 5), 5 + number) for number in range(30)]
    many = [{"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": ids * 0} for ids in rows]
    for backend in ("openvino", "onnx", "torch"):
        session = open_session(copy, backend, threads=2, outputs=("sentence_embedding",))
        together = list(session.run_all(many))
        for answer, batch in zip(together, many, strict=True):
            assert list(answer) == ["sentence_embedding"]
            np.testing.assert_allclose(
                answer["sentence_embedding"], session.run(batch)["sentence_embedding"], atol=1e-5
            )


def test_towers_are_both_exported(towers: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(towers, tmp_path / "towers"))
    export(copy, "onnx")
    with_onnx, with_torch = (Embedder.open(copy, backend=name) for name in ("onnx", "torch"))
    np.testing.assert_allclose(with_onnx.similarity(TEXTS, TEXTS), with_torch.similarity(TEXTS, TEXTS), atol=1e-4)


def test_graph_that_strays_is_refused_and_nothing_changes(copy: Path) -> None:
    probes = json.loads((copy / "probes.json").read_text())
    probes["vectors"][5] = probes["vectors"][6]
    (copy / "probes.json").write_text(json.dumps(probes))
    _bless(copy, "probes.json")
    before = everything(copy)
    with pytest.raises(MedencError, match="strays from the model: worst cosine 0"):
        export(copy, "onnx")
    assert everything(copy) == before


def test_damaged_folder_is_not_blessed_by_an_export(copy: Path) -> None:
    (copy / "model.safetensors").write_bytes((copy / "model.safetensors").read_bytes()[:-4] + b"\0\0\0\0")
    before = everything(copy)
    with pytest.raises(MedencError, match=r"not the one that was written: model\.safetensors"):
        export(copy, "onnx")
    assert everything(copy) == before


@pytest.mark.parametrize(
    ("backend", "precision", "said"),
    [
        ("onx", "fp32", "did you mean 'onnx'"),
        ("onx", "int8", "did you mean 'onnx'"),
        ("onnx", "fp3", "no such precision"),
        ("torch", "fp32", "cannot convert"),
        ("torch", "int8", "torch has no int8 form"),
    ],
)
def test_unknown_targets_are_refused(copy: Path, backend: str, precision: str, said: str) -> None:
    before = everything(copy)
    with pytest.raises(MedencError, match=said):
        api.export(copy, backend, precision)
    assert everything(copy) == before


def test_absent_backend_says_how_to_make_it(model: Path) -> None:
    with pytest.raises(MedencError, match=r"has no onnx model, it has: openvino, torch .*medenc export"):
        Embedder.open(model, backend="onnx")
    with pytest.raises(MedencError, match="no such backend"):
        Embedder.open(model, backend="openvin")


def _bless(folder: Path, name: str) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = artifact.sha256(folder / name)
    (folder / "manifest.json").write_text(json.dumps(manifest))
