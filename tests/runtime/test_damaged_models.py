"""What is wrong with a model folder is said in one line that names the file, and nothing of a text is lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from medenc.core.errors import MedencError
from medenc.runtime import windows
from medenc.runtime.embedder import Embedder
from medenc.runtime.export import export
from medenc.runtime.parity import verify
from medenc.runtime.session import files_of
from medenc.runtime.tokens import TextTokenizer

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


@pytest.mark.parametrize("kept", [0, 100, -100])
def test_an_onnx_graph_that_is_cut_off(copy: Path, kept: int) -> None:
    """Seen to fail: ONNX Runtime's errors are plain exceptions, and `verify` ended with one."""
    export(copy, "onnx")
    cut(copy / "onnx/model.onnx", kept)
    with pytest.raises(MedencError, match=r"model\.onnx: ONNX Runtime cannot read this model"):
        Embedder.open(copy, "onnx")
    assert not verify(copy)["ok"]


def test_an_int8_graph_that_nobody_accepted_is_no_part_of_the_model(copy: Path) -> None:
    """Other programs write under that name; seen to fail: `verify` took it for ours."""
    int8 = copy / files_of("openvino")["int8"]
    for ending in (".xml", ".bin"):
        shutil.copy((copy / files_of("openvino")["fp32"]).with_suffix(ending), int8.with_suffix(ending))
    report = verify(copy)
    assert not report["ok"]
    assert "was accepted" in report["backends"]["openvino-int8"]["error"]


def test_a_precision_without_a_backend_takes_one_that_has_it(copy: Path) -> None:
    """Seen to fail: the preferred backend was taken, whether it had the precision or not."""
    export(copy, "onnx")
    shutil.copy(copy / files_of("onnx")["fp32"], copy / files_of("onnx")["int8"])
    vectors = Embedder.open(copy, precision="int8").encode(["고혈압"])
    np.testing.assert_array_equal(vectors, Embedder.open(copy, "onnx", precision="int8").encode(["고혈압"]))


def test_a_prompt_that_fills_the_model_is_an_error(model: Path) -> None:
    """Seen to fail: the windows of a text never ended."""
    tokenizer = TextTokenizer(model, 8)
    with pytest.raises(MedencError, match="leaves no room in 8 tokens"):
        windows.cut("고혈압 " * 20, tokenizer, "a b c d e f g h i ")


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
