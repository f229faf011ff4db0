"""Tokens a second of training, beside sentence-transformers' trainer: same weights, same rows, same loss.

    python benchmarks/training.py --data BEIR_FOLDER --names DICTIONARY [--steps 16] [--alignment-batch 256]
        [--rounds 3] [--json]

Contrastive training is compared with MultipleNegativesRankingLoss, alignment with our own multi-similarity loss inside
their trainer, which has none. Their trainer runs with its defaults, whose model has dropout of 0.1 as its configuration
says, and again with dropout made equal to ours (none). The whole of training is timed, tokenizing included, in turns;
the numbers are medians of the turns, and beside each ratio stand those of the turns. On a machine that others use,
the ratio of processor time is the steadier one; with one thread it is the work that was done. Tokens are those that are
no padding. After the last step all have seen the same number of rows, and the loss on rows that nobody was trained on
is printed.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, logging

from medenc.core.artifact import writing
from medenc.data.readers.pairs import Pairs
from medenc.data.reading import Rejects
from medenc.data.records import Name, Pair
from medenc.data.sources import read_names
from medenc.models.encoder import Contract, Encoder, from_size
from medenc.models.folder import open_model, open_tokenizer, write_model
from medenc.models.losses import multi_similarity
from medenc.objectives.contrastive import Contrastive
from medenc.objectives.self_alignment import SelfAlignment
from medenc.text.tokenizer import save_tokenizer, train_wordpiece
from medenc.train.loop import Training
from medenc.train.options import FitOptions

RATE, HELD_OUT = 1e-3, 128
MAX_TOKENS = 512  # what a BERT reads, and so their default


@dataclass
class Job:
    """What both sides train on: records for us, columns of texts for them, and how a loss is measured afterwards."""

    objective: Any
    records: list[Any]
    held_out: list[Any]
    batch: int
    columns: dict[str, list[Any]]
    their_loss: Callable[[SentenceTransformer], nn.Module]


class Spent(NamedTuple):
    """Seconds on the wall and of the processor."""

    wall: float
    processor: float


class Watch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def spent(self) -> Spent:
        """Time since then."""
        return Spent(time.perf_counter() - self._began[0], time.process_time() - self._began[1])


class MultiSimilarity(nn.Module):
    """Our alignment loss in the form their trainer takes."""

    def __init__(self, model: SentenceTransformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: Sequence[dict[str, Tensor]], labels: Tensor) -> Tensor:
        """The loss over the names of both columns."""
        vectors = torch.cat([self.model(column)["sentence_embedding"] for column in features])
        return multi_similarity(vectors, torch.cat([labels, labels]))


def contrastive_job(folder: Path, batch: int, steps: int) -> Job:
    """One epoch of pairs of question and passage; each question once, as in-batch negatives want it."""
    pairs = list({pair.query: pair for pair in Pairs().read(folder, Rejects())}.values())
    random.Random(0).shuffle(pairs)
    held_out, train = pairs[:HELD_OUT], pairs[HELD_OUT : HELD_OUT + batch * steps]
    columns = {"anchor": [pair.query for pair in train], "positive": [pair.passage for pair in train]}
    bare = [Pair(pair.query_id, pair.query, pair.passage_id, pair.passage) for pair in train]
    objective = Contrastive(temperature=0.05, max_tokens=MAX_TOKENS)
    return Job(objective, bare, held_out, batch, columns, lambda model: MultipleNegativesRankingLoss(model, scale=20.0))


def alignment_job(dictionary: Path, batch: int, steps: int) -> Job:
    """One epoch of concepts with two names each, so that the pairs of names are the same for everybody."""
    own: dict[str, dict[str, Name]] = {}
    for name in read_names(dictionary):
        own.setdefault(name.concept_id, {}).setdefault(name.term.lower(), name)
    two = [list(names.values())[:2] for names in own.values() if len(names) > 1]
    random.Random(0).shuffle(two)
    held_out, train = two[:HELD_OUT], two[HELD_OUT : HELD_OUT + batch * steps]
    columns = {"a": [a.term for a, _ in train], "b": [b.term for _, b in train], "label": list(range(len(train)))}
    objective = SelfAlignment(loss="sapbert", max_tokens=MAX_TOKENS)
    flat = [[name for pair in pairs for name in pair] for pairs in (train, held_out)]
    return Job(objective, *flat, batch, columns, MultiSimilarity)


def ours(folder: Path, job: Job, steps: int) -> tuple[Spent, int, Encoder]:
    """The time, tokens and the trained encoder."""
    model, tokenizer = open_model(folder, dropout=0.0), open_tokenizer(folder)
    assert isinstance(model, Encoder)
    watch = Watch()
    rows, _ = job.objective.prepare(job.records, tokenizer, MAX_TOKENS)
    options = {"max_steps": steps, "per_device_batch_size": job.batch, "precision": "fp32"}  # as theirs
    fit = FitOptions(learning_rate=RATE, weight_decay=0.0, **options)
    with tempfile.TemporaryDirectory() as work:
        places = {"checkpoints": Path(work) / "state", "curves": Path(work) / "curves"}
        run = Training(model, None, job.objective, rows, tokenizer, fit, **places)
        run.run()
        return watch.spent(), run.tokens, model


def theirs(folder: Path, job: Job, steps: int, dropout: float) -> tuple[Spent, int, Encoder]:
    """The same by sentence-transformers."""
    model = SentenceTransformer(str(folder), device="cpu")
    model.max_seq_length = MAX_TOKENS
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = dropout
    for layer in model[0].auto_model.encoder.layer:
        layer.attention.self.dropout.p = dropout
    with tempfile.TemporaryDirectory() as work:
        arguments = SentenceTransformerTrainingArguments(
            work, max_steps=steps, per_device_train_batch_size=job.batch, learning_rate=RATE, report_to="none",
            save_strategy="no", logging_strategy="no", disable_tqdm=True, use_cpu=True, warmup_ratio=0.1,
        )  # fmt: skip
        watch = Watch()
        data = Dataset.from_dict(job.columns)
        trainer = SentenceTransformerTrainer(model, arguments, train_dataset=data, loss=job.their_loss(model))
        seen = counted(model)
        trainer.train()
        spent = watch.spent()
    backbone = model[0].auto_model
    return spent, sum(seen), Encoder(backbone, open_model(folder).contract)


def counted(model: SentenceTransformer) -> list[int]:
    """Grows by the tokens of each batch that their model reads."""
    seen: list[int] = []
    model[0].register_forward_pre_hook(lambda _, given: seen.append(int(given[0]["attention_mask"].sum())))
    return seen


@torch.no_grad()
def held_out_loss(model: Encoder, job: Job, tokenizer: PreTrainedTokenizerFast) -> float:
    """The loss of all held-back rows as one batch."""
    import numpy as np

    rows, _ = job.objective.prepare(job.held_out, tokenizer, MAX_TOKENS)
    batch = job.objective.collate(rows[: 4 * HELD_OUT], tokenizer, np.random.default_rng(0))
    tensors = {name: torch.from_numpy(array) for name, array in batch.items()}
    return float(sum(job.objective.losses(model.eval(), None, tensors).values()))


def main() -> None:
    """Time all in turns, then print."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--data", type=Path, required=True, help="a BEIR folder with training judgements")
    given.add_argument("--names", type=Path, required=True, help="a dictionary")
    given.add_argument("--size", default="tiny")
    given.add_argument("--steps", type=int, default=16, help="of contrastive training")
    given.add_argument("--batch", type=int, default=64, help="rows of contrastive training")
    given.add_argument("--alignment-steps", type=int, default=25)
    given.add_argument("--alignment-batch", type=int, default=256, help="as SapBERT was trained")
    given.add_argument("--rounds", type=int, default=3)
    given.add_argument("--json", action="store_true")
    options = given.parse_args()
    logging.set_verbosity_error()
    steps = {"contrastive": options.steps, "alignment": options.alignment_steps}
    jobs = {  # one epoch: tokenizing counts for what it is
        "contrastive": contrastive_job(options.data, options.batch, options.steps),
        "alignment": alignment_job(options.names, options.alignment_batch, options.alignment_steps),
    }
    results = {}
    with tempfile.TemporaryDirectory() as work:
        for name, job in jobs.items():
            results[name] = compared(fresh(Path(work) / name, job, options.size), job, steps[name], options.rounds)
    print(json.dumps(results) if options.json else table(results))


def fresh(folder: Path, job: Job, size: Any) -> Path:
    """A model folder with random weights, which everybody starts from; its configuration has dropout of 0.1."""
    texts = [text for column in job.columns.values() for text in column if isinstance(text, str)]
    save_tokenizer(train_wordpiece(texts, 8000), folder / "tokenizer")
    tokenizer = open_tokenizer(folder / "tokenizer")
    torch.manual_seed(0)
    model = from_size(size, len(tokenizer), Contract(pooling="mean", max_tokens=MAX_TOKENS), dropout=0.1)
    with writing(folder / "model", "model", options={}) as draft:
        draft.facts["model"] = write_model(model, tokenizer, draft.folder)
    return folder / "model"


def compared(folder: Path, job: Job, steps: int, rounds: int) -> dict[str, Any]:
    """Median tokens a second, and the held-out loss, of each."""
    paths: dict[str, Callable[[], tuple[Spent, int, Encoder]]] = {
        "medenc": lambda: ours(folder, job, steps),
        "sentence-transformers": lambda: theirs(folder, job, steps, 0.1),
        "sentence-transformers, no dropout": lambda: theirs(folder, job, steps, 0.0),
    }
    rates: dict[str, list[Spent]] = {path: [] for path in paths}
    losses = {}
    for _ in range(rounds):
        for path, train in paths.items():
            spent, tokens, model = train()
            rates[path].append(Spent(tokens / spent.wall, tokens / spent.processor))
            losses[path] = held_out_loss(model, job, open_tokenizer(folder))
    return {
        path: {
            "tokens_per_second": round(statistics.median(rate.wall for rate in own)),
            "medenc_is": [round(a.wall / b.wall, 2) for a, b in zip(rates["medenc"], own, strict=True)],
            "by_processor_time": [
                round(a.processor / b.processor, 2) for a, b in zip(rates["medenc"], own, strict=True)
            ],
            "held_out_loss": round(losses[path], 4),
        }
        for path, own in rates.items()
    }


def table(results: dict[str, Any]) -> str:
    """Markdown."""
    lines = [
        "| training | by | tokens/s | medenc is (each turn) | by processor time | held-out loss |",
        "|---" * 6 + "|",
    ]
    for name, paths in results.items():
        for path, found in paths.items():
            cells = [name, path, f"{found['tokens_per_second']:,}"]
            cells += [times(found[ratio]) for ratio in ("medenc_is", "by_processor_time")]
            lines.append("| " + " | ".join([*cells, f"{found['held_out_loss']:.3f}"]) + " |")
    return "\n".join(lines)


def times(ratios: list[float]) -> str:
    """The median, and each."""
    return f"{statistics.median(ratios):.1f} × ({', '.join(f'{ratio:.1f}' for ratio in ratios)})"


if __name__ == "__main__":
    main()
