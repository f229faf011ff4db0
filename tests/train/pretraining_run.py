"""A small pre-training run, as a program that several processes or a kill can be tried on.

`python pretraining_run.py FOLDER JSON` trains in FOLDER with an objective `use` and the options of `fit` in JSON.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from medenc.core.plugins import build
from medenc.data.records import Passage
from medenc.data.shards import Shards
from medenc.models.encoder import Contract, from_size
from medenc.models.folder import open_tokenizer
from medenc.train.loop import Training
from medenc.train.options import FitOptions

LINES = [
    "고혈압 환자에게 amlodipine을 투여한다.",
    "糖尿病患者应定期检查眼底。",
    "Metformin lowers glucose in type 2 diabetes.",
]
TEXTS = [Passage(f"d{n}", " ".join(LINES[(n + k) % 3] + f" {n}" for k in range(1 + n % 3))) for n in range(20)]
FIT = {"learning_rate": 1e-3, "max_steps": 4, "per_device_batch_size": 4, "threads": 1, "save_every_steps": 2}
FIT |= {"lr_scheduler_type": "constant", "warmup_ratio": 0}  # a run that ends early has the same rates


def training(folder, use, dropout=0.0, **fit):
    """A run in `folder`, which holds a tokenizer and, for linked documents, shards."""
    tokenizer = open_tokenizer(folder / "tokenizer")
    objective = build("objective", {"use": use}, "objective")
    options = FitOptions(**FIT | fit)
    torch.manual_seed(options.seed)
    model = from_size("tiny", len(tokenizer), Contract(max_tokens=48), dropout=dropout)
    records = list(Shards.open(folder / "shards")) if use == "document_link" else TEXTS
    rows, _ = objective.prepare(records, tokenizer, 48)
    places = {"checkpoints": folder / "state", "curves": folder / "curves"}
    return Training(model, objective.heads(model), objective, rows, tokenizer, options, **places)


if __name__ == "__main__":
    run = training(Path(sys.argv[1]), **json.loads(sys.argv[2]))
    run.run()
    if run.accelerator.is_main_process:
        save_file(run.bare.state_dict(), Path(sys.argv[1]) / "end.safetensors")
    run.close()
    run.accelerator.end_training()
