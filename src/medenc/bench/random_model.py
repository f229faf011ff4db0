"""Models of random weights: speed does not depend on what was learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch

from medenc.bench.material import passages
from medenc.core.artifact import writing
from medenc.models.encoder import Contract, from_size
from medenc.models.folder import open_tokenizer, write_model
from medenc.runtime.export import add_backend
from medenc.runtime.folder import ModelFacts, ModelFolder
from medenc.runtime.int8.graph import quantize
from medenc.runtime.int8.subject import subject
from medenc.runtime.session import files_of
from medenc.text.tokenizer import save_tokenizer, train_wordpiece

VOCABULARY = 16_000
MAX_TOKENS = 512

Size = Literal["small", "base"]


def make_model(size: Size, out: Path) -> None:
    """A finished model folder of random weights with graphs in float32 and int8; its tokenizer is left beside it.

    No decision of a random model says whether int8 may be kept, so nothing judges it here.
    """
    torch.manual_seed(0)
    tokenizer = train_wordpiece(passages(), VOCABULARY)
    save_tokenizer(tokenizer, out.parent)
    encoder = from_size(size, tokenizer.get_vocab_size(), Contract(pooling="mean", max_tokens=MAX_TOKENS))
    with writing(out, "model", options={"size": size}) as draft:
        draft.facts["model"] = write_model(encoder, open_tokenizer(out.parent), draft.folder)
        for backend in ("openvino", "onnx"):
            add_backend(draft.folder, backend)
            _quantize(draft.folder, backend, draft.facts["model"])


def _quantize(folder: Path, backend: str, facts: dict[str, Any]) -> None:
    model = ModelFolder(folder, ModelFacts.parse(facts, "model"), {})
    for tower, batches in subject(model, backend, None, None).inputs.items():
        quantize(tower, backend, batches).write(tower / files_of(backend)["int8"])
