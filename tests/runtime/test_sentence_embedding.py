"""The call of CoROM's card, and public checkpoints beside the snippets of their cards."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_checkpoints import TEXTS, write_checkpoint
from transformers import AutoModel, AutoTokenizer
from typer.testing import CliRunner

import medenc
from medenc.cli import app
from medenc.core.errors import MedencError
from medenc.runtime.embedder import Embedder
from medenc.runtime.importing import import_checkpoint

SOURCE, OTHERS = [TEXTS[4]], [TEXTS[1], TEXTS[0], TEXTS[3]]


@pytest.fixture(scope="module")
def corom(checkpoints: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT as CoROM's: raw `[CLS]` vectors and their inner products."""
    out = tmp_path_factory.mktemp("corom") / "model"
    import_checkpoint(checkpoints["bert"], out, pooling="cls", similarity="dot")
    return out


def raw_cls(folder: Path, texts: list[str]) -> np.ndarray:
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        return np.stack([model(**tokenizer(t, return_tensors="pt")).last_hidden_state[0, 0].numpy() for t in texts])


def test_a_source_is_compared_with_each_of_the_others(checkpoints: dict[str, Path], corom: Path) -> None:
    pipe = medenc.pipeline("sentence-embedding", corom)
    found = pipe(input={"source_sentence": SOURCE, "sentences_to_compare": OTHERS})
    expected = raw_cls(checkpoints["bert"], SOURCE + OTHERS)
    assert set(found) == {"text_embedding", "scores"}
    assert found["text_embedding"].dtype == np.float32
    np.testing.assert_allclose(found["text_embedding"], expected, atol=1e-4)
    np.testing.assert_allclose(found["scores"], expected[1:] @ expected[0], rtol=1e-4, atol=1e-3)
    assert all(type(score) is float for score in found["scores"])
    assert max(found["scores"]) > 1.01  # inner products, no cosines


def test_both_call_forms_and_an_open_model_give_the_same(corom: Path) -> None:
    inputs = {"source_sentence": SOURCE, "sentences_to_compare": OTHERS}
    pipe = medenc.pipeline("sentence-embedding", Embedder.open(corom))
    assert pipe(inputs)["scores"] == pipe(input=inputs)["scores"]


def test_sources_alone_are_compared_with_the_first(corom: Path) -> None:
    pipe = medenc.pipeline("sentence-embedding", str(corom))
    beside = pipe({"source_sentence": SOURCE, "sentences_to_compare": OTHERS})
    alone = pipe({"source_sentence": OTHERS})
    np.testing.assert_allclose(alone["text_embedding"], beside["text_embedding"][1:], atol=1e-5)  # whatever is beside
    first, *rest = beside["text_embedding"][1:]
    np.testing.assert_allclose(alone["scores"], np.stack(rest) @ first, rtol=1e-4)
    assert pipe({"source_sentence": SOURCE})["scores"] == []


def test_only_the_first_source_is_compared(corom: Path) -> None:
    pipe = medenc.pipeline("sentence-embedding", corom)
    one = pipe({"source_sentence": SOURCE, "sentences_to_compare": OTHERS})
    many = pipe({"source_sentence": [*SOURCE, TEXTS[2]], "sentences_to_compare": OTHERS})
    assert many["scores"] == one["scores"]
    none = pipe({"source_sentence": [*SOURCE, TEXTS[2]], "sentences_to_compare": []})
    assert none["text_embedding"].shape[0] == 1
    assert none["scores"] == []


def test_each_side_goes_through_its_own_tower(towers: Path) -> None:
    found = medenc.pipeline("sentence-embedding", towers)({"source_sentence": SOURCE, "sentences_to_compare": OTHERS})
    np.testing.assert_allclose(found["scores"], Embedder.open(towers).similarity(SOURCE, OTHERS)[0], rtol=1e-5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["text"], "expected an object with 'source_sentence', found list"),
        ({}, "source_sentence: nothing to embed"),
        ({"source_sentence": "text"}, "source_sentence: expected a list of texts"),
        ({"source_sentence": ["a"], "sentences_to_compare": [1]}, "sentences_to_compare: expected a list of texts"),
        ({"soure_sentence": ["a"]}, "no such field: 'soure_sentence' .did you mean 'source_sentence'"),
    ],
)
def test_other_inputs_are_refused(corom: Path, given: object, message: str) -> None:
    with pytest.raises(MedencError, match=message):
        medenc.pipeline("sentence-embedding", corom)(given)


def test_other_pipelines_are_refused(corom: Path) -> None:
    with pytest.raises(MedencError, match=r"no such pipeline: 'sentence_embedding' .did you mean"):
        medenc.pipeline("sentence_embedding", corom)


def card(folder: Path, text: str) -> np.ndarray:
    """What the snippets of public cards compute: the pooler's output where there is one, else the first token's."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    output = model.eval()(**tokenizer(text, return_tensors="pt"), return_dict=True)
    pooled = output.pooler_output if "pooler_output" in output else output.last_hidden_state[:, 0]
    vector: np.ndarray = pooled.detach().numpy().squeeze()
    return vector


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize(
    ("family", "pooling"), [("bert", "pooler"), ("roberta", "pooler"), ("albert", "pooler"), ("electra", "cls")]
)
def test_import_then_similarity_is_the_snippet(
    checkpoints: dict[str, Path], tmp_path: Path, family: str, pooling: str
) -> None:
    source, model = str(checkpoints[family]), str(tmp_path / "model")
    run("import", source, "--out", model, "--pooling", pooling, "--similarity", "cosine")
    query, *targets = TEXTS
    found = json.loads(run("similarity", model, "--query", query, *targets, "--json"))
    expected = [cosine(card(checkpoints[family], query), card(checkpoints[family], text)) for text in targets]
    np.testing.assert_allclose(found["scores"], expected, atol=1e-5)


def test_two_encoders_as_in_the_korean_card(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    context = write_checkpoint("bert", tmp_path / "context", seed=7)
    model = str(tmp_path / "model")
    run("import", str(checkpoints["bert"]), "--passage", str(context), "--out", model, "--pooling", "pooler")
    query, *targets = TEXTS
    found = json.loads(run("similarity", model, "--query", query, *targets, "--json"))
    expected = [cosine(card(checkpoints["bert"], query), card(context, text)) for text in targets]
    np.testing.assert_allclose(found["scores"], expected, atol=1e-5)
