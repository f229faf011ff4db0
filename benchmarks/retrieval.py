"""Our search beside a plain BM25 on the same judged queries: does the analyzer pay, and does the model?

    python benchmarks/retrieval.py BEIR_FOLDER INDEX [--split dev] [--json]

The plain BM25 (bm25s, k1 0.9, b 0.4, title and text) takes lower-case words, and for Chinese and Korean letters their
pairs, which is what search engines do by default; the second one takes single characters, as MTEB's baseline does.
Differences come with a paired test on the same queries.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import bm25s
import numpy as np

from medenc import api
from medenc.data.records import Query
from medenc.data.retrieval import RetrievalData, load_beir
from medenc.metrics.ranking import Run, measure
from medenc.metrics.significance import bootstrap_interval, paired_test
from medenc.terminal import table

CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
RUN = re.compile(f"[{CJK}]+|[^\\W{CJK}]+")
MEASURES = ("nDCG@10", "RR@10", "R@1000", "Success@20")


def pairs(text: str) -> list[str]:
    """Lower-case words; of Chinese and Korean runs the character pairs."""
    runs = RUN.findall(text.lower())
    return [term for run in runs for term in (_cut(run, 2) if re.match(f"[{CJK}]", run) else [run])]


def characters(text: str) -> list[str]:
    """Lower-case words; of Chinese and Korean runs the characters."""
    runs = RUN.findall(text.lower())
    return [term for run in runs for term in (_cut(run, 1) if re.match(f"[{CJK}]", run) else [run])]


def _cut(run: str, size: int) -> list[str]:
    return [run[i : i + size] for i in range(max(1, len(run) - size + 1))]


def plain_bm25(data: RetrievalData, terms: Callable[[str], list[str]], top: int) -> Run:
    """The run of bm25s over `terms`."""
    engine = bm25s.BM25(k1=0.9, b=0.4)
    engine.index([terms(passage.content) for passage in data.passages], show_progress=False)
    return {query.id: _best(engine, data, terms(query.text), top) for query in data.queries}


def _best(engine: bm25s.BM25, data: RetrievalData, terms: Sequence[str], top: int) -> list[tuple[str, float]]:
    scores = engine.get_scores(list(terms)) if terms else np.zeros(len(data.passages))
    order = np.argsort(-scores, kind="stable")[:top]
    return [(data.passages[i].id, float(scores[i])) for i in order if scores[i] > 0]


def runs(data: RetrievalData, index: Path, queries: Sequence[Query]) -> dict[str, Run]:
    """Every system's run, a thousand hits deep."""
    opened = api.open_index(index)
    found = {"plain BM25, pairs": plain_bm25(data, pairs, 1000)}
    found["plain BM25, characters"] = plain_bm25(data, characters, 1000)
    for mode in reversed(opened.modes):
        found[f"medenc {mode}"] = opened.search_many(queries, 1000, mode)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("index", type=Path)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    data = load_beir(given.data, given.split)
    values = {name: measure(data.qrels, run, MEASURES) for name, run in runs(data, given.index, data.queries).items()}
    plain = values["plain BM25, pairs"]["nDCG@10"]
    rows = [["", *MEASURES, "nDCG@10 - plain", "p"]]
    for name, measured in values.items():
        cells = []
        for at in MEASURES:
            scores = list(measured[at].values())
            low, high = bootstrap_interval(scores)
            cells.append(f"{np.mean(scores):.3f} [{low:.3f}, {high:.3f}]")
        test = paired_test(measured["nDCG@10"], plain)
        rows.append([name, *cells, f"{test['difference']:+.3f}", f"{test['p']:.4f}"])
    print(f"{len(data.queries)} {given.split} queries, {len(data.passages)} passages")
    print(json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]]) if given.json else table(rows))


if __name__ == "__main__":
    main()
