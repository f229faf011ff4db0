"""A model folder made by us gives the same vectors in transformers and in sentence-transformers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from tiny_checkpoints import TEXTS
from transformers import AutoModel, AutoTokenizer

from medenc.runtime.embedder import Embedder
from medenc.runtime.importing import import_checkpoint

SAME = 0.99999
LONG = ["고혈압 환자는 혈압을 매일 재고 기록한다. " * 20, *TEXTS]  # longer than the model reads
POOLED: dict[str, Callable] = {
    "pooler": lambda out, mask: out.pooler_output,
    "cls": lambda out, mask: out.last_hidden_state[:, 0],
    "mean": lambda out, mask: (out.last_hidden_state * mask).sum(1) / mask.sum(1),
}


def with_transformers(folder: Path, texts: Sequence[str], pooling: str) -> np.ndarray:
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    inputs = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        return POOLED[pooling](model(**inputs), inputs["attention_mask"].unsqueeze(-1)).numpy()


def least_cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())


@pytest.mark.parametrize("pooling", list(POOLED))
def test_transformers_loads_what_we_write(checkpoints: dict[str, Path], tmp_path: Path, pooling: str) -> None:
    import_checkpoint(checkpoints["bert"], tmp_path / "model", pooling=pooling)
    ours = Embedder.open(tmp_path / "model").encode(LONG, on_overflow="truncate")
    assert least_cosine(ours, with_transformers(tmp_path / "model", LONG, pooling)) >= SAME
    others = [other for other in POOLED if other != pooling]
    assert min(least_cosine(ours, with_transformers(tmp_path / "model", LONG, other)) for other in others) < SAME


@pytest.mark.parametrize("family", ["bert", "roberta", "electra", "albert"])
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_sentence_transformers_pools_as_we_do(
    checkpoints: dict[str, Path], tmp_path: Path, family: str, pooling: str
) -> None:
    import_checkpoint(checkpoints[family], tmp_path / "model", pooling=pooling)
    theirs = SentenceTransformer(str(tmp_path / "model"), device="cpu").encode(LONG)
    assert least_cosine(Embedder.open(tmp_path / "model").encode(LONG, on_overflow="truncate"), theirs) >= SAME


def test_each_tower_is_a_model_of_its_own(towers: Path) -> None:
    ours = Embedder.open(towers)
    vectors = {"query": ours.encode_query(TEXTS), "passage": ours.encode_passage(TEXTS)}
    for role, own in vectors.items():
        theirs = SentenceTransformer(str(towers / role), device="cpu")
        assert least_cosine(own, theirs.encode(list(TEXTS))) >= SAME
        assert least_cosine(own, with_transformers(towers / role, TEXTS, "cls")) >= SAME
        assert theirs.similarity_fn_name == "dot"
    assert least_cosine(vectors["query"], vectors["passage"]) < SAME


def test_prompts_are_put_before_the_texts(model: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(model, tmp_path / "source"))
    (source / "manifest.json").unlink()  # somebody else's folder
    settings = source / "config_sentence_transformers.json"
    prompts = {"query": "당뇨병: ", "passage": "糖尿病 "}
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"prompts": prompts}))
    import_checkpoint(source, tmp_path / "model")
    ours, theirs = Embedder.open(tmp_path / "model"), SentenceTransformer(str(tmp_path / "model"), device="cpu")
    for role, own in {"query": ours.encode_query(TEXTS), "passage": ours.encode_passage(TEXTS)}.items():
        assert least_cosine(own, theirs.encode(list(TEXTS), prompt_name=role)) >= SAME
        assert least_cosine(own, theirs.encode(list(TEXTS))) < SAME
