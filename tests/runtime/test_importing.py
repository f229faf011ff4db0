"""What a checkpoint gave before it was imported, it gives afterwards."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_checkpoints import TEXTS, write_checkpoint
from transformers import AutoModel, AutoTokenizer

from medenc.core.errors import MedencError
from medenc.runtime.embedder import Embedder
from medenc.runtime.importing import import_checkpoint

CASES = [
    ("bert", "pooler"),
    ("bert", "cls"),
    ("roberta", "pooler"),
    ("roberta", "mean"),
    ("electra", "cls"),
    ("electra", "mean"),
    ("albert", "pooler"),
    ("albert", "mean"),
]


def reference(folder: Path, pooling: str) -> np.ndarray:
    """Vectors as a user of plain transformers computes them, one text at a time."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        outputs = [model(**tokenizer(text, return_tensors="pt")) for text in TEXTS]
    choose = {
        "pooler": lambda out: out.pooler_output[0],
        "cls": lambda out: out.last_hidden_state[0, 0],
        "mean": lambda out: out.last_hidden_state[0].mean(0),
    }[pooling]
    return torch.stack([choose(out) for out in outputs]).numpy()


@pytest.mark.parametrize(("family", "pooling"), CASES)
def test_similarity_equals_plain_transformers(
    checkpoints: dict[str, Path], tmp_path: Path, family: str, pooling: str
) -> None:
    import_checkpoint(checkpoints[family], tmp_path / "model", pooling=pooling, similarity="cosine")
    vectors = reference(checkpoints[family], pooling)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = Embedder.open(tmp_path / "model").similarity(TEXTS, TEXTS)
    np.testing.assert_allclose(scores, vectors @ vectors.T, atol=1e-5)
    assert scores.std() > 0.01  # texts of a model that tells nothing apart would agree with anything


def test_two_towers_multiply_their_own_vectors(towers: Path) -> None:
    queries, passages = (reference(towers / role, "cls") for role in ("query", "passage"))
    scores = Embedder.open(towers).similarity(TEXTS, TEXTS)
    np.testing.assert_allclose(scores, queries @ passages.T, rtol=1e-4, atol=1e-4)
    assert np.abs(scores - scores.T).max() > 0.1


def test_limit_leaves_out_the_positions_that_roberta_reserves(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    import_checkpoint(checkpoints["roberta"], tmp_path / "model")
    embedder = Embedder.open(tmp_path / "model")
    assert embedder.max_tokens == 62
    assert embedder.encode(["혈압 " * 100], on_overflow="truncate").shape == (1, 32)


def refused(source: Path, tmp_path: Path, **options: str) -> str:
    with pytest.raises(MedencError) as caught:
        import_checkpoint(source, tmp_path / "model", **options)
    assert not (tmp_path / "model").exists()
    return str(caught.value)


@pytest.fixture
def copy(checkpoints: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoints["bert"], tmp_path / "copy"))


def test_pickled_weights_are_refused(copy: Path, tmp_path: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    assert "pickle" in refused(copy, tmp_path)


@pytest.mark.parametrize("kept", [4, 200, -100])
def test_weights_that_are_cut_off_are_named(copy: Path, tmp_path: Path, kept: int) -> None:
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:kept])
    said = refused(copy, tmp_path)
    assert "model.safetensors: not a whole safetensors file" in said
    assert "copy it again" in said


def test_a_pickle_under_the_name_of_safetensors_is_refused_unopened(copy: Path, tmp_path: Path) -> None:
    class Canary:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    for write in (
        lambda file: torch.save({"a": Canary()}, file),
        lambda file: file.write_bytes(pickle.dumps(Canary())),
    ):
        write(copy / "model.safetensors")
        assert "not a whole safetensors file" in refused(copy, tmp_path)
        assert not (tmp_path / "ran").exists()


def test_a_missing_shard_is_named(copy: Path, tmp_path: Path) -> None:
    (copy / "model.safetensors").unlink()
    index = {"weight_map": {"embeddings.word_embeddings.weight": "model-00001-of-00001.safetensors"}}
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "model-00001-of-00001.safetensors: no such file" in refused(copy, tmp_path)


def test_missing_tokenizer_is_named(copy: Path, tmp_path: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        (copy / name).unlink()
    assert "no tokenizer" in refused(copy, tmp_path)


def test_other_architectures_and_their_code_are_refused(copy: Path, tmp_path: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"model_type": "mine", "auto_map": {"AutoModel": "m.M"}}))
    (copy / "m.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert "found 'mine'" in refused(copy, tmp_path)
    assert not (tmp_path / "ran").exists()


def test_code_beside_a_known_architecture_is_not_run(copy: Path, tmp_path: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "m.M", "AutoConfig": "m.C"}}))
    (copy / "m.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    import_checkpoint(copy, tmp_path / "model")
    assert not (tmp_path / "ran").exists()


def test_electra_has_no_pooler(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    assert "no pooler" in refused(checkpoints["electra"], tmp_path, pooling="pooler")


def test_pooler_that_was_never_saved_is_refused(copy: Path, tmp_path: Path) -> None:
    AutoModel.from_pretrained(copy, add_pooling_layer=False).save_pretrained(copy)
    assert "weights are missing" in refused(copy, tmp_path, pooling="pooler")


def test_tokenizer_larger_than_the_weights_is_refused(copy: Path, tmp_path: Path) -> None:
    model = AutoModel.from_pretrained(copy)
    model.resize_token_embeddings(50)
    model.save_pretrained(copy)
    assert "the weights only 50" in refused(copy, tmp_path)


def test_towers_must_share_their_tokenizer(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    assert "different tokenizers" in refused(checkpoints["bert"], tmp_path, passage=str(checkpoints["roberta"]))


def test_what_sentence_transformers_wrote_is_honoured(model: Path, tmp_path: Path) -> None:
    foreign = Path(shutil.copytree(model, tmp_path / "foreign"))
    (foreign / "manifest.json").unlink()
    import_checkpoint(foreign, tmp_path / "again")
    first, again = Embedder.open(model), Embedder.open(tmp_path / "again")
    assert again.facts.pooling == "mean"
    np.testing.assert_allclose(again.encode(TEXTS), first.encode(TEXTS), atol=1e-6)


def test_vocabulary_of_a_slow_tokenizer_is_converted(tmp_path: Path) -> None:
    folder = write_checkpoint("bert", tmp_path / "slow")
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    (folder / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.__getitem__)) + "\n")
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
    import_checkpoint(folder, tmp_path / "model")
    vectors = reference(folder, "cls")
    found = Embedder.open(tmp_path / "model").encode(TEXTS)
    np.testing.assert_allclose(found, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), atol=1e-5)
