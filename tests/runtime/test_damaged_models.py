"""What is wrong with a model folder is said in one line that names the file, and nothing of a text is lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from medenc.core.errors import MedencError
from medenc.runtime.embedder import Embedder

WORDS = 100_000


@pytest.fixture
def copy(model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model, tmp_path / "model"))


def cut(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])


def test_a_model_without_a_tokenizer(copy: Path) -> None:
    (copy / "tokenizer.json").unlink()
    with pytest.raises(MedencError, match=r"the model has no tokenizer\.json"):
        Embedder.open(copy)


@pytest.mark.parametrize("content", [b"", b'{"version": "1.0"', b'{"version": "1.0"}'])
def test_a_broken_tokenizer(copy: Path, content: bytes) -> None:
    (copy / "tokenizer.json").write_bytes(content)
    with pytest.raises(MedencError, match=r"tokenizer\.json: not a tokenizer"):
        Embedder.open(copy)


@pytest.mark.parametrize("kept", [0, 100, 5000])
def test_a_graph_whose_weights_are_cut_off(copy: Path, kept: int) -> None:
    cut(copy / "openvino" / "openvino_model.bin", kept)
    with pytest.raises(MedencError, match="OpenVINO cannot read this model"):
        Embedder.open(copy, "openvino").encode(["고혈압"])


def test_weights_that_are_cut_off(copy: Path) -> None:
    cut(copy / "model.safetensors", -100)
    with pytest.raises(MedencError, match=r"model\.safetensors: not a whole safetensors file"):
        Embedder.open(copy, "torch")


def test_a_text_of_a_hundred_thousand_tokens_is_read_whole(model: Path) -> None:
    embedder, text = Embedder.open(model), "혈압 " * WORDS
    short = embedder.embed([text], on_overflow="truncate")
    assert short.tokens[0] == embedder.max_tokens
    assert short.tokens[0] + short.truncated[0] >= WORDS + 2
    whole = embedder.embed([text], on_overflow="window")
    assert whole.truncated[0] == 0
    assert whole.tokens[0] > WORDS
    assert np.isfinite(whole.vectors).all()
    with pytest.raises(MedencError, match=r"text 0 has 1\d{5} tokens, the model reads 64"):
        embedder.encode([text], on_overflow="error")


@pytest.mark.parametrize("text", ["", "혈"])
def test_texts_of_no_token_and_of_one(model: Path, text: str) -> None:
    found = Embedder.open(model).embed([text], on_overflow="error")
    assert found.tokens[0] in (2, 3)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)
