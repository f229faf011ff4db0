"""Useful tokens a second of masked-LM training, beside transformers' Trainer on padded documents and on packed blocks.

The same texts, the same BERT with the same dropout, 15 % masks and AdamW, in turns; the number is the median of the
turns. Trainer's default is 32-bit numbers; ours is bf16 where the hardware multiplies in it, so each also runs in the
other's where there are two. A useful token is one that is no padding. The vocabulary has the size of BERT's, whatever
the tokenizer of the texts, because its projection is much of the work. Ours reads shards whose rows go on with the
next document; the Trainer gets its own collator, documents cut at the same length, or blocks of exactly that length.

Run: python benchmarks/pretraining.py [--size tiny] [--rows 16] [--tokens 256] [--steps 8] [--rounds 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain, islice
from pathlib import Path
from typing import Any

import torch
from transformers import (
    BertForMaskedLM,
    DataCollatorForLanguageModeling,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    logging,
)

from medenc.core.artifact import writing
from medenc.data.shards import Shards
from medenc.models.encoder import SIZES, Contract, Encoder, from_size
from medenc.models.folder import open_tokenizer
from medenc.objectives.masked_lm import MaskedLM
from medenc.steps.prepare import Prepare
from medenc.text.tokenizer import save_tokenizer, train_wordpiece
from medenc.train.distributed import multiplies_bf16
from medenc.train.loop import Training
from medenc.train.options import FitOptions

VOCABULARY = 30522
CORPUS = Path(str(files("medenc").joinpath("sample/corpus.jsonl")))


@dataclass(frozen=True)
class Setting:
    size: str
    rows: int
    tokens: int
    steps: int

    def encoder(self) -> Encoder:
        torch.manual_seed(0)
        return from_size(self.size, VOCABULARY, Contract(max_tokens=self.tokens), dropout=0.1)


def texts(corpus: Path) -> list[str]:
    return [json.loads(line)["text"] for line in corpus.read_text(encoding="utf-8").splitlines()]


def ours(setting: Setting, prepared: Path, folder: Path, precision: str) -> Callable[[], float]:
    """Tokens a second of a run over shards."""
    tokenizer, objective = open_tokenizer(folder), MaskedLM()
    rows, _ = objective.prepare(list(Shards.open(prepared)), tokenizer, setting.tokens)
    options = {"max_steps": setting.steps, "per_device_batch_size": setting.rows, "learning_rate": 1e-4}
    fit = FitOptions(**options, precision=precision)

    def run() -> float:
        model = setting.encoder()
        with tempfile.TemporaryDirectory() as state:
            places = {"checkpoints": Path(state) / "state", "curves": Path(state) / "curves"}
            training = Training(model, objective.heads(model), objective, rows, tokenizer, fit, **places)
            return float(training.run()["tokens_per_second"])

    return run


def written(setting: Setting, corpus: Path, folder: Path) -> Path:
    """The texts as shards, in the folder of their tokenizer."""
    step = Prepare(files=[corpus], tokenizer=folder, max_tokens=setting.tokens, across_documents=True)
    with writing(folder / "shards", step.kind, options={}) as draft:
        step.run(draft)
    return folder / "shards"


class Counting(DataCollatorForLanguageModeling):
    """Counts the tokens that are no padding."""

    counted = 0

    def __call__(self, *given: Any, **options: Any) -> Any:
        batch = super().__call__(*given, **options)
        self.counted += int(batch["attention_mask"].sum())
        return batch


def theirs(setting: Setting, data: list[dict[str, list[int]]], folder: Path, precision: str) -> Callable[[], float]:
    """Tokens a second of a Trainer over token ids."""
    tokenizer = open_tokenizer(folder)

    def run() -> float:
        torch.manual_seed(0)
        model = BertForMaskedLM(setting.encoder().backbone.config)
        collator = Counting(tokenizer=tokenizer, mlm_probability=0.15)
        with tempfile.TemporaryDirectory() as state:
            arguments = TrainingArguments(
                output_dir=state,
                per_device_train_batch_size=setting.rows,
                max_steps=setting.steps,
                learning_rate=1e-4,
                bf16=precision == "bf16",
                report_to=[],
                save_strategy="no",
                logging_strategy="no",
                disable_tqdm=True,
                use_cpu=not torch.cuda.is_available(),
            )
            trainer = Trainer(model=model, args=arguments, data_collator=collator, train_dataset=data)
            trainer.remove_callback(PrinterCallback)
            began = time.perf_counter()
            trainer.train()
            return collator.counted / (time.perf_counter() - began)

    return run


def documents(corpus: Path, folder: Path, length: int) -> list[dict[str, list[int]]]:
    """Each document cut at `length`."""
    tokenizer = open_tokenizer(folder)
    return [{"input_ids": tokenizer(text, truncation=True, max_length=length)["input_ids"]} for text in texts(corpus)]


def blocks(corpus: Path, folder: Path, length: int) -> list[dict[str, list[int]]]:
    """All documents one after the other, cut into blocks of `length`; the rest is left out."""
    tokenizer = open_tokenizer(folder)
    ids = chain.from_iterable(tokenizer(text)["input_ids"] for text in texts(corpus))
    found = iter(lambda: list(islice(ids, length)), [])
    return [{"input_ids": block} for block in found if len(block) == length]


def measure(setting: Setting, corpus: Path, rounds: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        save_tokenizer(train_wordpiece(texts(corpus), 16_000), folder)
        prepared = written(setting, corpus, folder)
        padded, packed = (cut(corpus, folder, setting.tokens) for cut in (documents, blocks))
        paths = {
            "medenc": ours(setting, prepared, folder, "auto"),
            "Trainer, padded": theirs(setting, padded, folder, "fp32"),
            "Trainer, packed": theirs(setting, packed, folder, "fp32"),
        }
        if multiplies_bf16():
            paths["medenc, fp32"] = ours(setting, prepared, folder, "fp32")
            paths["Trainer, packed, bf16"] = theirs(setting, packed, folder, "bf16")
        for run in paths.values():
            run()  # threads, caches and allocations are there when it counts
        turns = [{name: run() for name, run in paths.items()} for _ in range(rounds)]
    return {name: statistics.median(turn[name] for turn in turns) for name in paths}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="JSON lines with a text each")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    logging.set_verbosity_error()
    setting = Setting(given.size, given.rows, given.tokens, given.steps)
    found = measure(setting, given.corpus, given.rounds)
    if given.json:
        print(json.dumps({"size": given.size, "tokens_per_second": found}, indent=2))
        return
    for name, speed in found.items():
        print(f"{name:22} {speed:9.0f} tokens/s   medenc is {found['medenc'] / speed:.2f}x")


if __name__ == "__main__":
    main()
