"""`verify` names what is damaged, and which backend strays."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from medenc.core.artifact import sha256
from medenc.core.errors import MedencError
from medenc.runtime.parity import verify


@pytest.fixture
def copy(model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model, tmp_path / "model"))


def test_sound_folder(copy: Path) -> None:
    report = verify(copy)
    assert json.loads(json.dumps(report)) == report
    assert report["ok"]
    assert set(report["backends"]) == {"openvino", "torch"}
    assert all(0.99999 <= entry["worst_cosine"] < 1.001 for entry in report["backends"].values())


def test_each_tower_is_checked(towers: Path) -> None:
    report = verify(towers)
    assert report["ok"]
    assert set(report["backends"]) == {
        f"{role}/{name}" for role in ("query", "passage") for name in ("openvino", "torch")
    }


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "openvino/openvino_model.bin", "probes.json"])
def test_damaged_file_is_named(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    assert verify(copy) == {"model": str(copy), "ok": False, "damaged": [name], "backends": {}}


def test_swapped_graph_is_caught_even_with_a_matching_manifest(copy: Path, towers: Path) -> None:
    for name in ("openvino_model.xml", "openvino_model.bin"):
        shutil.copy(towers / "passage" / "openvino" / name, copy / "openvino" / name)
        _bless(copy, f"openvino/{name}")
    report = verify(copy)
    assert not report["ok"]
    assert report["damaged"] == []
    assert not report["backends"]["openvino"]["ok"]
    assert report["backends"]["torch"]["ok"]


def test_unreadable_graph_is_reported_not_raised(copy: Path) -> None:
    (copy / "openvino" / "openvino_model.xml").write_text("no graph")
    _bless(copy, "openvino/openvino_model.xml")
    assert "cannot read this model" in verify(copy)["backends"]["openvino"]["error"]


def test_broken_probes_are_named(copy: Path) -> None:
    (copy / "probes.json").write_text('{"texts": ["a"], "vectors": []}')
    _bless(copy, "probes.json")
    assert "probes.json" in verify(copy)["backends"]["torch"]["error"]


def test_other_artifacts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MedencError, match="no such artifact"):
        verify(tmp_path / "nothing")


def _bless(folder: Path, name: str) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = sha256(folder / name)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_one_backend_is_enough_for_who_runs_one(copy: Path) -> None:
    assert set(verify(copy, every=False)["backends"]) == {"openvino"}
