"""Small task models, trained for a moment and written as finished folders."""

from pathlib import Path

import torch

from medenc.core.artifact import writing
from medenc.models.encoder import Contract, from_size
from medenc.models.folder import open_tokenizer, write_heads, write_model
from medenc.objectives.supervised import Supervised
from medenc.runtime.export import add_backend
from medenc.text.tokenizer import save_tokenizer, train_wordpiece
from medenc.train.loop import Training
from medenc.train.options import FitOptions


def trained(folder: Path, options, rows, *, steps=30, max_tokens=48, backends=("openvino", "onnx"), dropout=0.0):
    """A finished model folder at `folder / "model"`, and the numbers of the run."""
    save_tokenizer(train_wordpiece([str(rows)] * 2, 600), folder / "tokenizer")
    tokenizer = open_tokenizer(folder / "tokenizer")
    torch.manual_seed(0)
    model = from_size("tiny", len(tokenizer), Contract(max_tokens=max_tokens, normalize=False), dropout=dropout)
    objective = Supervised(task=options)
    prepared, counts = objective.prepare(rows, tokenizer, max_tokens)
    heads = objective.heads(model)
    fit = FitOptions(learning_rate=2e-3, max_steps=steps, per_device_batch_size=8, threads=1)
    places = {"checkpoints": folder / "state", "curves": folder / "curves"}
    run = Training(
        model, heads, objective, prepared, tokenizer, fit, **places,
        measure=objective.measure(rows, tokenizer, model, heads),
    )  # fmt: skip
    numbers = run.run()
    with writing(folder / "model", "model", options={}) as draft:
        draft.facts["model"] = write_model(model, tokenizer, draft.folder)
        write_heads(heads, draft.folder)
        draft.facts |= objective.write(draft.folder, model, heads, tokenizer)
        draft.facts["exports"] = {backend: add_backend(draft.folder, backend) for backend in backends}
    return folder / "model", {**numbers, "data": counts}
