"""How long does a whole search take on an index that exists, the encoding of the query included?

    python benchmarks/latency.py INDEX [--data BEIR_FOLDER] [--mode hybrid] [--rounds 5] [--json]

New process: `medenc search` from the shell until it ends, median of the rounds, for an English and a Korean query.
Warm: one process, each query once after a warm-up; the queries are the folder's dev queries, or the two in turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from medenc import api
from medenc.data.retrieval import load_beir
from medenc.terminal import table

QUERIES = {"en": "treatment of high blood pressure in pregnancy", "ko": "임신부의 고혈압 치료 약물"}


def new_process(index: Path, mode: str, query: str, rounds: int) -> float:
    """Median seconds of `medenc search`."""
    medenc = Path(sys.executable).with_name("medenc")
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run([medenc, "search", index, query, "--mode", mode, "--json"], check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def warm(index: Path, mode: str, queries: list[str]) -> tuple[float, float]:
    """Milliseconds a search, p50 and p99."""
    opened, taken = api.open_index(index), []
    for query in QUERIES.values():  # the Korean one loads its analyser
        opened.search(query, mode=mode)
    for query in queries:
        began = time.perf_counter()
        opened.search(query, mode=mode)
        taken.append(1000 * (time.perf_counter() - began))
    return float(np.percentile(taken, 50)), float(np.percentile(taken, 99))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--mode", default="hybrid")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    queries = [query.text for query in load_beir(given.data, "dev").queries] if given.data else [*QUERIES.values()] * 25
    p50, p99 = warm(given.index, given.mode, queries)
    figures = {
        f"new process, {language}, s": round(new_process(given.index, given.mode, query, given.rounds), 2)
        for language, query in QUERIES.items()
    } | {"warm p50, ms": round(p50, 1), "warm p99, ms": round(p99, 1), "queries": len(queries)}
    print(json.dumps(figures) if given.json else table([[name, str(value)] for name, value in figures.items()]))


if __name__ == "__main__":
    main()
