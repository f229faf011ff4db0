"""Shorter vectors of a model that was trained for them: embedding, indexing, searching, and every refusal."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from medenc import api
from medenc.cli import app
from medenc.core.artifact import writing
from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.runtime.embedder import Embedder
from medenc.search.index import Index
from medenc.search.settings import read

TOPICS = {
    "bp": "고혈압에는 amlodipine을 쓴다.",
    "dm": "糖尿病患者的饮食",
    "ckd": "chronic kidney disease",
    "af": "심방세동",
}
TEXTS = ["고혈압 약", "糖尿病"]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A model that was trained for 32 and 64 of its 128 numbers, and documents."""
    folder = tmp_path_factory.mktemp("leading")
    (folder / "data" / "qrels").mkdir(parents=True)
    rows = [{"_id": id_, "text": text} for id_, text in TOPICS.items()]
    for name, own in (("corpus", rows), ("queries", [{"_id": "q", "text": "혈압 약"}, {"_id": "r", "text": "糖尿"}])):
        (folder / "data" / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in own))
    (folder / "data" / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\nq\tbp\t1\nr\tdm\t1\n")
    options = {
        "tokenizer": {"texts": [folder / "data"], "vocab_size": 200},
        "train": {
            "start": {"size": "tiny"},
            "tokenizer": folder / "tokenizer",
            "encoder": {"pooling": "mean", "max_tokens": 32},
            "objective": {"use": "contrastive", "dimensions": [32, 64]},
            "data": [{"use": "pairs", "path": folder / "data"}],
            "fit": {"max_steps": 2, "per_device_batch_size": 2, "threads": 1},
        },
    }
    for use, values in options.items():
        step = build("step", {"use": use, **values}, use)
        with writing(folder / use, step.kind, options={}) as draft:
            step.run(draft)
    return folder


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_leading_numbers_have_unit_length_again(place: Path) -> None:
    model = Embedder.open(place / "train")
    whole = model.encode(TEXTS)
    assert whole.shape == (2, 128)
    np.testing.assert_allclose(model.encode(TEXTS, dimension=64), unit(whole[:, :64]), atol=1e-6)
    short = model.leading(32)
    assert (short.dimension, short.fingerprint) == (32, model.fingerprint)
    np.testing.assert_allclose(short.windows(TEXTS).vectors, unit(whole[:, :32]), atol=1e-5)
    np.testing.assert_allclose(model.encode(TEXTS, dimension=128), whole)


@pytest.mark.parametrize("dimension", [0, 16, 127, 256])
def test_a_dimension_that_was_not_trained_is_refused(place: Path, dimension: int) -> None:
    with pytest.raises(MedencError, match=rf"not trained for vectors of {dimension} numbers .it has 32, 64, 128"):
        Embedder.open(place / "train").leading(dimension)
    done = CliRunner().invoke(app, ["embed", str(place / "train"), "x", "--dimension", str(dimension)])
    assert isinstance(done.exception, MedencError)


def test_an_index_of_leading_numbers_remembers_them(place: Path, tmp_path: Path) -> None:
    """Seen to fail when the index was opened with the whole vectors."""
    command = ["index", str(place / "data"), "--out", str(tmp_path / "index"), "--model", str(place / "train")]
    done = CliRunner().invoke(app, [*command, "--dimension", "32", "--json"])
    assert done.exit_code == 0, done.output
    assert read(tmp_path / "index").model.dimension == 32
    model = Embedder.open(place / "train")
    hits = api.open_index(tmp_path / "index").search("혈압 약", mode="dense", top=4).hits
    scores = model.leading(32).encode_query(["혈압 약"]) @ model.leading(32).encode_passage(list(TOPICS.values())).T
    assert [hit.id for hit in hits] == [list(TOPICS)[place] for place in np.argsort(-scores[0])]
    added = tmp_path / "more.jsonl"
    added.write_text(json.dumps({"id": "new", "text": "천식"}) + "\n")
    assert api.index_files([added], tmp_path / "index")["added"] == 1
    with pytest.raises(MedencError, match="the index has its dimension already"):
        api.index_files([added], tmp_path / "index", dimension=64)
    with pytest.raises(MedencError, match="its model is needed"):
        Index.open(tmp_path / "index").search("혈압 약", mode="dense")


def test_an_index_without_a_model_has_no_dimension(place: Path, tmp_path: Path) -> None:
    with pytest.raises(MedencError, match="dimension: an index without a model has no vectors"):
        api.index_files([place / "data"], tmp_path / "index", dimension=32)
