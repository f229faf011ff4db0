"""A small run with dropout, accumulation and drawn negatives; also a program that a test can kill.

`python small_run.py FOLDER JSON` trains in FOLDER with the options in JSON, resuming by itself.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from medenc.data.records import Pair
from medenc.models.encoder import Contract, from_size
from medenc.models.folder import open_tokenizer
from medenc.objectives.contrastive import Contrastive
from medenc.text.tokenizer import save_tokenizer, train_wordpiece
from medenc.train.loop import Training
from medenc.train.options import FitOptions

WORDS = ["고혈압", "糖尿病", "asthma", "폐렴", "心房颤动", "migraine"]
WORDS += ["빈혈", "肺炎", "stroke", "천식", "metformin", "혈압"]
PAIRS = [
    Pair(
        f"q{n}",
        f"{WORDS[n % 12]} {WORDS[n * 5 % 12]}",
        f"p{n}",
        " ".join(WORDS[n * k % 12] for k in range(1, 4 + n % 5)),
        negatives=tuple((f"n{n}-{k}", f"{WORDS[(n + k) % 12]} {n}") for k in range(3)),
    )
    for n in range(37)
]


def training(folder, *, objective=None, rows=None, measure=None, dev=None, dropout=0.1, **fit):
    """A run in `folder`, ready to start."""
    folder = Path(folder)
    if not (folder / "tokenizer").exists():
        texts = [text for pair in PAIRS for text in (pair.query, pair.passage)]
        save_tokenizer(train_wordpiece(texts, 200), folder / "tokenizer")
    tokenizer = open_tokenizer(folder / "tokenizer")
    options = FitOptions(
        **(
            {
                "learning_rate": 1e-3,
                "max_steps": 20,
                "per_device_batch_size": 4,
                "gradient_accumulation_steps": 2,
                "save_every_steps": 5,
                "threads": 1,
            }
            | fit
        )
    )
    torch.manual_seed(options.seed)
    model = from_size("tiny", len(tokenizer), Contract(pooling="mean", max_tokens=24), dropout=dropout)
    objective = objective or Contrastive()
    if rows is None:
        rows, _ = objective.prepare(PAIRS, tokenizer, 24)
    places = {"checkpoints": folder / "state", "curves": folder / "curves"}
    return Training(
        model, objective.heads(model), objective, rows, tokenizer, options, **places, measure=measure, dev=dev
    )


if __name__ == "__main__":
    given = json.loads(sys.argv[2])
    run = training(sys.argv[1], objective=Contrastive(**given.pop("objective", {})), **given)
    run.run()
    if run.accelerator.is_main_process:
        save_file(run.bare.state_dict(), Path(sys.argv[1]) / "end.safetensors")
    run.close()
    run.accelerator.end_training()
