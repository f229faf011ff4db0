"""Texts a second, and the wait for the first vector, beside plain transformers and sentence-transformers.

All encode the same texts (a realistic mix of lengths, median 60 tokens, at most 512) with the same weights, in turns;
the number is the median of the turns. Cold start is a fresh process until the vector of one short text is there.
Before anything is timed, every path's vectors are compared with plain transformers'.

Run: python benchmarks/encode.py [--size small] [--texts 200] [--rounds 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoTokenizer, logging

from medenc.core.artifact import writing
from medenc.models.encoder import SIZES, Contract, from_size
from medenc.models.folder import open_tokenizer, write_model
from medenc.runtime.embedder import Embedder
from medenc.runtime.export import add_backend
from medenc.text.tokenizer import save_tokenizer, train_wordpiece

Encode = Callable[[Sequence[str]], np.ndarray]
QUERY = "고혈압 환자의 amlodipine 용량"
COLD = {
    "medenc, OpenVINO": "from medenc.runtime.embedder import Embedder\nEmbedder.open({path!r}).encode([{query!r}])",
    "sentence-transformers": "from sentence_transformers import SentenceTransformer\n"
    "SentenceTransformer({path!r}, device='cpu').encode([{query!r}])",
    "plain transformers": "from transformers import AutoModel, AutoTokenizer\n"
    "AutoModel.from_pretrained({path!r})(**AutoTokenizer.from_pretrained({path!r})({query!r}, return_tensors='pt'))",
}


def passages() -> list[str]:
    """The texts of the bundled sample."""
    lines = files("medenc").joinpath("sample/corpus.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def mixed_lengths(count: int, seed: int = 0) -> list[str]:
    """Pieces of a run of passages; the lengths are log-normal around 200 characters (some 60 tokens), at most 480."""
    draw = random.Random(seed)
    run = "\n".join(draw.choices(passages(), k=count + 10))
    lengths = [min(max(2, round(200 * draw.lognormvariate(0, 0.9))), 480) for _ in range(count)]
    return [run[(start := draw.randrange(len(run) - length)) : start + length] for length in lengths]


def build(size: str, out: Path) -> None:
    """A model of random weights: speed does not depend on what it has learnt."""
    torch.manual_seed(0)
    tokenizer = train_wordpiece(passages(), 16_000)
    save_tokenizer(tokenizer, out.parent)
    encoder = from_size(size, tokenizer.get_vocab_size(), Contract(pooling="mean", max_tokens=512))
    with writing(out, "model", options={"size": size}) as draft:
        draft.facts["model"] = write_model(encoder, open_tokenizer(out.parent), draft.folder)
        add_backend(draft.folder)


def plain(path: Path, batch: int = 32) -> Encode:
    """The loop that model cards show: padded batches in the order of the texts."""
    tokenizer, model = AutoTokenizer.from_pretrained(path), AutoModel.from_pretrained(path).eval()

    @torch.inference_mode()
    def encode(texts: Sequence[str]) -> np.ndarray:
        found = []
        for start in range(0, len(texts), batch):
            part = list(texts[start : start + batch])
            inputs = tokenizer(part, padding=True, truncation=True, max_length=512, return_tensors="pt")
            hidden, mask = model(**inputs).last_hidden_state, inputs["attention_mask"].unsqueeze(-1)
            found.append(torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1))
        return torch.cat(found).numpy()

    return encode


def paths(folder: Path) -> dict[str, Encode]:
    """Every way to encode, by its name in the table."""
    theirs = SentenceTransformer(str(folder), device="cpu")
    return {
        "plain transformers": plain(folder),
        "sentence-transformers": lambda texts: theirs.encode(list(texts), show_progress_bar=False),
        "medenc, torch": Embedder.open(folder, backend="torch").encode,
        "medenc, OpenVINO": Embedder.open(folder, backend="openvino").encode,
    }


def in_turns(ways: dict[str, Encode], texts: Sequence[str], rounds: int) -> dict[str, float]:
    """Median seconds of each way; one round runs them all, so that a drift of the machine meets all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, encode in ways.items():
            start = time.perf_counter()
            encode(texts)
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def cold_start(folder: Path, rounds: int) -> dict[str, float]:
    """Median seconds from the start of a process to one vector."""
    programs = {name: text.format(path=str(folder), query=QUERY) for name, text in COLD.items()}

    def run(program: str) -> Encode:
        def start(_: Sequence[str]) -> np.ndarray:
            subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
            return np.empty(0)

        return start

    return in_turns({name: run(program) for name, program in programs.items()}, [], rounds)


def measure(folder: Path, count: int, rounds: int) -> dict[str, object]:
    """Everything the table shows."""
    texts, ways = mixed_lengths(count), paths(folder)
    tokens = [
        len(ids) for ids in AutoTokenizer.from_pretrained(folder)(texts, truncation=True, max_length=512)["input_ids"]
    ]
    expected = ways["plain transformers"](texts)
    worst = {name: float((encode(texts) * expected).sum(1).min()) for name, encode in ways.items()}
    bulk, cold = in_turns(ways, texts, rounds), cold_start(folder, rounds)
    short = in_turns({name: lambda _, e=encode: e([QUERY]) for name, encode in ways.items()}, [], 30)
    return {
        "texts": count,
        "tokens": {"median": statistics.median(tokens), "mean": statistics.fmean(tokens), "longest": max(tokens)},
        "paths": {
            name: {
                "texts_per_second": count / bulk[name],
                "times_sentence_transformers": bulk["sentence-transformers"] / bulk[name],
                "query_milliseconds": 1000 * short[name],
                "cold_start_seconds": cold.get(name),
                "worst_cosine": worst[name],
            }
            for name in ways
        },
    }


def table(result: dict[str, object]) -> str:
    tokens = result["tokens"]
    lines = [
        f"{result['texts']} texts of {tokens['median']:.0f} tokens (median), {tokens['mean']:.0f} (mean), "
        f"{tokens['longest']} (longest)",
        f"{'path':24}{'texts/s':>9}{'x s-t':>7}{'query ms':>10}{'cold s':>8}{'worst cosine':>14}",
    ]
    for name, row in result["paths"].items():
        cold = "" if row["cold_start_seconds"] is None else f"{row['cold_start_seconds']:.2f}"
        lines.append(
            f"{name:24}{row['texts_per_second']:9.1f}{row['times_sentence_transformers']:7.2f}"
            f"{row['query_milliseconds']:10.1f}{cold:>8}{row['worst_cosine']:14.6f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a finished model; a random one of --size is built without it")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.model or Path(scratch) / "model"
        if arguments.model is None:
            build(arguments.size, folder)
        result = measure(folder, arguments.texts, arguments.rounds)
    print(json.dumps(result) if arguments.json else table(result))


if __name__ == "__main__":
    main()
