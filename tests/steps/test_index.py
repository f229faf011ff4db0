import json

import pytest

from medenc.core.artifact import open_artifact, writing
from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.search.index import Index


@pytest.fixture
def files(tmp_path):
    documents = [
        {"id": "a", "title": "고혈압", "text": "amlodipine을 처방한다.", "metadata": {"language": "ko"}},
        {"id": "b", "text": "Metformin lowers HbA1c."},
        {"id": "b", "text": "Metformin lowers HbA1c."},
    ]
    path = tmp_path / "documents.jsonl"
    path.write_text("\n".join(json.dumps(document) for document in documents) + "\n")
    (tmp_path / "terms.tsv").write_text("C1\tko\t고혈압\nC1\ten\thypertension\n")
    return tmp_path


def made(folder, **options):
    step = build("step", {"use": "index", "files": [str(folder / "documents.jsonl")], **options}, "index")
    with writing(folder / "out", step.kind, options=options) as draft:
        step.run(draft)
    return open_artifact(folder / "out", "index")


def test_the_step_makes_an_artifact_that_can_be_searched(files):
    artifact = made(files, terms=str(files / "terms.tsv"))
    assert artifact.manifest["numbers"]["documents"] == 2
    assert artifact.damaged() == []
    index = Index.open(artifact.path)
    assert index.search("amlodipine").hits[0].id == "a"
    assert index.search("metformin", where="language IS NULL").hits[0].id == "b"
    assert "고혈압" in index.analyzer.user_words
    assert index.verify() == []


def test_options_reach_the_index(files):
    artifact = made(files, lexical={"k1": 1.7}, fusion={"method": "rrf"})
    kept = Index.open(artifact.path).settings
    assert (kept.lexical.k1, kept.fusion.method) == (1.7, "rrf")


def test_a_changed_index_is_no_longer_the_step_s(files):
    artifact = made(files)
    Index.open(artifact.path).delete(["a"])
    assert open_artifact(artifact.path).fingerprint != artifact.fingerprint


def test_a_failed_step_leaves_nothing(files):
    with pytest.raises(MedencError, match=r"missing\.tsv"):
        made(files, terms=str(files / "missing.tsv"))
    assert not (files / "out").exists()
