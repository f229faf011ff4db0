"""Texts as they come in practice, and models of random weights: speed does not depend on what was learned."""

from __future__ import annotations

import json
import random
from importlib.resources import files
from pathlib import Path
from typing import Literal

VOCABULARY = 16_000
MAX_TOKENS = 512
LONGEST = 1700  # characters
QUERIES = (
    "고혈압 환자의 amlodipine 용량",
    "임신부 갑상선 기능 저하증",
    "side effects of metformin",
    "糖尿病肾病的治疗",
)

Size = Literal["small", "base"]


def passages() -> list[str]:
    """The texts of the bundled sample."""
    lines = files("medenc").joinpath("sample/corpus.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def mixed_lengths(count: int, seed: int = 0) -> list[str]:
    """Pieces of a run of passages; the lengths are log-normal around 200 characters, which are some 60 tokens."""
    draw = random.Random(seed)
    run = "\n".join(draw.choices(passages(), k=count + 20))
    lengths = [min(max(2, round(200 * draw.lognormvariate(0, 0.9))), LONGEST) for _ in range(count)]
    return [run[(start := draw.randrange(len(run) - length)) : start + length] for length in lengths]


def make_model(size: Size, out: Path) -> None:
    """A finished model folder of random weights with graphs in float32 and int8.

    No decision of a random model says whether int8 may be kept, so nothing judges it here.
    """
    import torch

    from medenc.core.artifact import open_artifact, writing
    from medenc.models.encoder import Contract, from_size
    from medenc.models.folder import open_tokenizer, write_model
    from medenc.runtime.export import add_backend
    from medenc.text.tokenizer import save_tokenizer, train_wordpiece

    torch.manual_seed(0)
    tokenizer = train_wordpiece(passages(), VOCABULARY)
    save_tokenizer(tokenizer, out.parent)
    encoder = from_size(size, tokenizer.get_vocab_size(), Contract(pooling="mean", max_tokens=MAX_TOKENS))
    with writing(out, "model", options={"size": size}) as draft:
        facts = write_model(encoder, open_tokenizer(out.parent), draft.folder)
        draft.facts["model"] = facts
        for backend in ("openvino", "onnx"):
            add_backend(draft.folder, backend)
            _quantize(draft.folder, backend, facts)
    open_artifact(out, "model")


def _quantize(folder: Path, backend: str, facts: dict[str, object]) -> None:
    from medenc.runtime.folder import ModelFacts, ModelFolder
    from medenc.runtime.int8.graph import quantize
    from medenc.runtime.int8.subject import subject
    from medenc.runtime.session import files_of

    model = ModelFolder(folder, ModelFacts.parse(facts, "model"), {})
    inputs = subject(model, backend, None, None).inputs
    for tower, batches in inputs.items():
        quantize(tower, backend, batches).write(tower / files_of(backend)["int8"])
