"""Artifacts explain themselves and know when they are damaged."""

import pytest

from medenc.core.artifact import fingerprint, input_content, is_current, open_artifact, writing
from medenc.core.errors import MedencError


def make(path, text="x", **options):
    with writing(path, "toy", options=options, inputs={"@in": "abc"}) as draft:
        (draft.folder / "sub").mkdir()
        (draft.folder / "sub/data.txt").write_text(text)
        draft.numbers["loss"] = 0.5
        draft.facts["model"] = {"dimension": 3}
    return open_artifact(path)


def test_manifest_tells_what_made_it(tmp_path):
    made = make(tmp_path / "a", seed=1)
    assert (made.kind, made.manifest["numbers"], made.manifest["model"]) == (
        "toy",
        {"loss": 0.5},
        {"dimension": 3},
    )
    assert made.fingerprint == fingerprint("toy", {"seed": 1}, {"@in": "abc"}, 1)
    assert is_current(tmp_path / "a", made.fingerprint)
    assert not is_current(tmp_path / "b", made.fingerprint)


@pytest.mark.parametrize("change", [{"kind": "other"}, {"options": {}}, {"inputs": {}}, {"version": 2}])
def test_every_part_changes_the_fingerprint(change):
    parts = {"kind": "toy", "options": {"a": 1}, "inputs": {"b": "c"}, "version": 1}
    assert fingerprint(**parts) != fingerprint(**(parts | change))


def test_content_is_the_files_alone(tmp_path):
    assert make(tmp_path / "a", seed=1).content == make(tmp_path / "b", seed=2).content
    assert make(tmp_path / "a").content != make(tmp_path / "b", text="y").content
    assert input_content(tmp_path / "a") == open_artifact(tmp_path / "a").content


def test_damage_is_named(tmp_path):
    made = make(tmp_path / "a")
    assert made.damaged() == []
    (tmp_path / "a/sub/data.txt").write_text("y")
    assert made.damaged() == ["sub/data.txt"]


@pytest.mark.parametrize(("name", "message"), [("none", "no such artifact"), ("plain", "not a medenc artifact")])
def test_what_is_no_artifact(tmp_path, name, message):
    (tmp_path / "plain").mkdir()
    with pytest.raises(MedencError, match=message):
        open_artifact(tmp_path / name)


def test_another_kind_is_refused(tmp_path):
    make(tmp_path / "a")
    with pytest.raises(MedencError, match="expected a model, found a toy"):
        open_artifact(tmp_path / "a", "model")
