"""How much longer a training step takes than its matrix products alone, for every objective of pre-training.

    python benchmarks/objectives.py [--size small] [--rows 8] [--tokens 128] [--rounds 5]

The products of a step (forward, backward, attention) are recorded while it runs and then run again by themselves, in
turns with whole steps: making the batch, both passes, clipping, and the optimizer. The bound is the median of the
ratios; beside it stand the useful tokens a second, and the share of the speed of one large product that the step's
products reach (model FLOPs utilisation, counted as PyTorch counts).
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from medenc.core.artifact import writing
from medenc.core.plugins import build
from medenc.data.shards import Shards
from medenc.models.encoder import SIZES, Contract, from_size
from medenc.models.folder import open_tokenizer
from medenc.steps.prepare import Prepare
from medenc.text.tokenizer import save_tokenizer, train_wordpiece
from medenc.train.loop import Training
from medenc.train.options import FitOptions

CORPUS = Path(str(files("medenc").joinpath("sample/corpus.jsonl")))
OBJECTIVES = ("masked_lm", "document_link", "replaced_token", "multi_level")
VOCABULARY = 30522
LARGE = 1024  # rows and columns of the product that stands for the machine's speed


class Products(TorchDispatchMode):
    """Keeps the matrix products that run under it, with their operands."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation, and keep it when it is a product."""
        if any(name in str(func) for name in ("mm.default", "scaled_dot_product", "linear.default")):
            self.calls.append((func, args, kwargs or {}))
        return func(*args, **(kwargs or {}))

    @torch.no_grad()
    def again(self) -> None:
        """The same products alone."""
        for func, args, kwargs in self.calls:
            func(*args, **kwargs)


def training(use: str, given: argparse.Namespace, folder: Path) -> Training:
    """A run that is stepped by hand."""
    tokenizer = open_tokenizer(folder / "tokenizer")
    objective: Any = build("objective", {"use": use}, "objective")
    torch.manual_seed(0)
    model = from_size(given.size, VOCABULARY, Contract(max_tokens=given.tokens), dropout=0.1)
    rows, _ = objective.prepare(list(Shards.open(folder / "shards")), tokenizer, given.tokens)
    own = given.rows // 2 if use == "multi_level" else given.rows  # it sees every row twice
    fit = FitOptions(max_steps=1000, per_device_batch_size=own, precision="fp32", learning_rate=1e-4)
    state = folder / use
    return Training(
        model, objective.heads(model), objective, rows, tokenizer, fit, checkpoints=state, curves=state / "curves"
    )


def prepared(folder: Path, tokens: int) -> None:
    """A tokenizer and a corpus with links."""
    texts = [json.loads(line)["text"] for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    save_tokenizer(train_wordpiece(texts, 16_000), folder / "tokenizer")
    step = Prepare(files=[CORPUS], tokenizer=folder / "tokenizer", max_tokens=tokens, links="similar")
    with writing(folder / "shards", step.kind, options={}) as draft:
        step.run(draft)


def seconds(work: Callable[[], Any]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measured(use: str, given: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Seconds of steps and of their products in turns, and what they did."""
    run = training(use, given, folder)
    run.trainee.train()
    run._step(0)  # caches and allocations are there when it counts
    large = torch.randn(LARGE, LARGE)
    ratios, speeds, shares = [], [], []
    for turn in range(given.rounds):
        with FlopCounterMode(display=False) as flops, Products() as products:
            run._step(1 + turn)
        before = run.tokens
        whole = seconds(partial(run._step, 1 + turn))  # the same rows once more
        alone = seconds(products.again)
        peak = 2 * LARGE**3 / min(seconds(lambda: large @ large) for _ in range(3))
        ratios.append(whole / alone)
        speeds.append((run.tokens - before) / whole)
        shares.append(flops.get_total_flops() / whole / peak)
    found = {"ratio": ratios, "tokens_per_second": speeds, "utilisation": shares}
    return {name: statistics.median(values) for name, values in found.items()}


def main() -> None:
    """Print a line an objective."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--objectives", nargs="+", choices=OBJECTIVES, default=OBJECTIVES)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        prepared(Path(temporary), given.tokens)
        for use in given.objectives:
            found = measured(use, given, Path(temporary))
            print(
                f"{use:16} {found['ratio']:5.2f} x its products   {found['tokens_per_second']:8.0f} tokens/s   "
                f"utilisation {found['utilisation']:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
