"""The peak memory of `medenc prepare` at several sizes of a corpus: it holds a chunk, and some bytes a document.

    python benchmarks/prepare_memory.py [--megabytes 10 40] [--links none]

The corpora are the bundled sample's sentences in random order, no two documents alike. Each size is a process of its
own, whose largest resident set the system counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from medenc.text.tokenizer import save_tokenizer, train_wordpiece
from medenc.text.windows import sentences

CORPUS = Path(str(files("medenc").joinpath("sample/corpus.jsonl")))
DOCUMENT = 20  # sentences


def write(path: Path, megabytes: float, pool: list[str]) -> int:
    """Write a corpus of a size; returns its number of documents."""
    rng, written, count = random.Random(0), 0, 0
    with path.open("w", encoding="utf-8") as file:
        while written < megabytes * 1e6:
            written += file.write(
                json.dumps({"id": str(count), "text": " ".join(rng.choices(pool, k=DOCUMENT))}) + "\n"
            )
            count += 1
    return count


def peak(corpus: Path, tokenizer: Path, links: str) -> float:
    """Megabytes that preparing it takes at most."""
    command = [str(Path(sys.executable).with_name("medenc")), "prepare", str(corpus), "--tokenizer", str(tokenizer)]
    command += ["--out", str(corpus.with_suffix("")), "--links", links]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"MEDENC_PROGRESS": "0"})
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return usage.ru_maxrss / 1024  # Linux counts in kilobytes


def main() -> None:
    """Print a line a size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, nargs="+", default=[10, 40])
    parser.add_argument("--links", choices=["none", "explicit", "similar"], default="none")
    given = parser.parse_args()
    texts = [json.loads(line)["text"] for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    pool = [text[start:end] for text in texts for start, end in sentences(text)]
    with tempfile.TemporaryDirectory() as temporary:
        tokenizer = Path(temporary) / "tokenizer"
        save_tokenizer(train_wordpiece(texts, 8000), tokenizer)
        for size in given.megabytes:
            corpus = Path(temporary) / f"{size}.jsonl"
            count = write(corpus, size, pool)
            print(
                f"{size:6.0f} MB {count:9,} documents   peak {peak(corpus, tokenizer, given.links):6.0f} MB", flush=True
            )


if __name__ == "__main__":
    main()
