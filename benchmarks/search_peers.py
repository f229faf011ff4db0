"""Search by words and by meaning beside other engines, on the same analysed terms and the same vectors.

    python benchmarks/search_peers.py [--documents 100000] [--dimension 384] [--queries 200] [--json]

Beside our index: bm25s for words, faiss (HNSW) and LanceDB alone for vectors, LanceDB's full text search for words.
One that is not installed is named and left out. Queries come in turns, each engine answering the same one before the
next; encoding is part of no figure, and only ours has to analyse the query and to explain its hits. `same top 10` is
the share of the ten best that our search of the same kind gives when it looks at every document; lexical engines
differ in how they round lengths and break ties.

Passages are those of `benchmarks/search.py`; vectors lie in clusters, as a trained model's do.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from medenc.core.vectors import unit
from medenc.data.records import Passage
from medenc.search.index import Index
from medenc.search.settings import Model
from medenc.terminal import table
from medenc.text.analyzer import Analyzer
from search import made

CLUSTERS, SPREAD, TOP = 256, 0.8, 10
EXACT = "medenc, all looked at"


@dataclass(frozen=True)
class Question:
    """A query in the forms that engines ask for."""

    text: str
    terms: list[str]
    vector: np.ndarray


Ask = Callable[[Question], list[str]]
"""A question to the ids of the best documents."""


@dataclass
class Engine:
    """One way to search, built, with what it answered."""

    name: str
    kind: str  # lexical, dense or hybrid
    ask: Ask
    build_seconds: float
    milliseconds: list[float] = field(default_factory=list)
    answers: list[list[str]] = field(default_factory=list)


@dataclass
class Windows:
    vectors: np.ndarray
    owner: np.ndarray
    spans: np.ndarray


class Given:
    """An encoder of vectors that are known already, in the order of the documents."""

    fingerprint = "given"

    def __init__(self, vectors: np.ndarray) -> None:
        self._vectors, self._next = vectors, 0

    def encode_query(self, texts: Sequence[str]) -> np.ndarray:
        raise NotImplementedError("queries bring their vectors")

    def windows(self, texts: Sequence[str]) -> Windows:
        start, self._next = self._next, self._next + len(texts)
        spans = np.array([(0, len(text)) for text in texts])
        return Windows(self._vectors[start : self._next], np.arange(len(texts)), spans)


def vectors_of(n: int, dimension: int, seed: int) -> np.ndarray:
    """Unit vectors around common centres."""
    centres = unit(np.random.default_rng(0).standard_normal((CLUSTERS, dimension), np.float32))
    rng = np.random.default_rng(seed)
    own = unit(rng.standard_normal((n, dimension), np.float32))
    return unit(centres[rng.integers(0, CLUSTERS, n)] + SPREAD * own).astype(np.float32)


def ours(passages: list[Passage], vectors: np.ndarray, analyzer: Analyzer, folder: Path) -> list[Engine]:
    """Our index in its three modes; its build analyses the documents, too, whose terms the others are given."""
    model = Model(path="given", fingerprint="given", dimension=vectors.shape[1], similarity="cosine")
    began = time.perf_counter()
    index = Index.create(folder / "index", analyzer, model, lambda _: Given(vectors))
    index.add(passages)
    taken = time.perf_counter() - began

    print("recall on documents:", index.info()["recall"], file=sys.stderr)
    exact = Index.open(index.path)
    exact._view._nearby = None

    def ask(index: Index, mode: str) -> Ask:
        return lambda one: [hit.id for hit in index.search(one.text, TOP, mode, vector=one.vector).hits]

    named = {"medenc": index, EXACT: exact}
    return [
        Engine(name, mode, ask(own, mode), taken)
        for name, own in named.items()
        for mode in ("lexical", "dense", "hybrid")
    ]


def with_bm25s(ids: list[str], terms: list[list[str]]) -> Engine:
    import bm25s

    began = time.perf_counter()
    retriever = bm25s.BM25(k1=0.6, b=0.6, method="lucene")
    retriever.index(terms, show_progress=False)

    def ask(one: Question) -> list[str]:
        found, _ = retriever.retrieve([one.terms], k=TOP, show_progress=False)
        return [ids[int(row)] for row in found[0]]

    return Engine("bm25s", "lexical", ask, time.perf_counter() - began)


def with_faiss(ids: list[str], vectors: np.ndarray) -> Engine:
    import faiss

    began = time.perf_counter()
    index = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efSearch = 64
    index.add(vectors)

    def ask(one: Question) -> list[str]:
        return [ids[row] for row in index.search(one.vector[None], TOP)[1][0]]

    return Engine("faiss HNSW", "dense", ask, time.perf_counter() - began)


def with_lancedb(ids: list[str], terms: list[list[str]], vectors: np.ndarray, folder: Path) -> list[Engine]:
    import lancedb
    import pyarrow as pa
    from lancedb.index import FTS, HnswSq

    began = time.perf_counter()
    values = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    rows = pa.table({"id": ids, "terms": [" ".join(own) for own in terms], "vector": values})
    opened = lancedb.connect(folder / "lance").create_table("documents", rows)
    plain = FTS(base_tokenizer="whitespace", lower_case=False, stem=False, remove_stop_words=False, ascii_folding=False)
    opened.create_index("terms", config=plain)
    opened.create_index("vector", config=HnswSq(distance_type="cosine"))
    taken = time.perf_counter() - began

    def lexical(one: Question) -> list[str]:
        found = opened.search(" ".join(one.terms), query_type="fts").select(["id", "_score"]).limit(TOP)
        return found.to_arrow()["id"].to_pylist()

    def dense(one: Question) -> list[str]:
        found = opened.search(one.vector).distance_type("cosine").ef(80).select(["id", "_distance"]).limit(TOP)
        return found.to_arrow()["id"].to_pylist()

    return [Engine("LanceDB alone", "lexical", lexical, taken), Engine("LanceDB alone", "dense", dense, taken)]


def engines(passages: list[Passage], dimension: int, analyzer: Analyzer, folder: Path) -> list[Engine]:
    """Ours and those that are installed."""
    ids, vectors = [passage.id for passage in passages], vectors_of(len(passages), dimension, 1)
    terms = analyzer.forms_batch([passage.content for passage in passages])
    found = ours(passages, vectors, analyzer, folder)
    if _installed("bm25s"):
        found.append(with_bm25s(ids, terms))
    if _installed("faiss"):
        found.append(with_faiss(ids, vectors))
    return found + with_lancedb(ids, terms, vectors, folder)


def measured(found: list[Engine], questions: Sequence[Question]) -> list[dict[str, object]]:
    """Each query by every engine, in turns."""
    for question in questions:
        for engine in found:
            began = time.perf_counter()
            answer = engine.ask(question)
            engine.milliseconds.append(1000 * (time.perf_counter() - began))
            engine.answers.append(answer)
    exact = {engine.kind: engine.answers for engine in found if engine.name == EXACT}
    return [_figures(engine, exact[engine.kind]) for engine in found]


def _figures(engine: Engine, exact: list[list[str]]) -> dict[str, object]:
    p50, p99 = np.percentile(engine.milliseconds[2:], [50, 99])
    same = [len(set(own) & set(best)) / max(1, len(best)) for own, best in zip(engine.answers, exact, strict=True)]
    return {
        "engine": engine.name,
        "kind": engine.kind,
        "build, s": round(engine.build_seconds, 1),
        "p50, ms": round(float(p50), 2),
        "p99, ms": round(float(p99), 2),
        "same top 10": round(float(np.mean(same)), 3),
    }


def _installed(package: str) -> bool:
    there = importlib.util.find_spec(package) is not None
    if not there:
        print(f"{package} is not installed: left out", file=sys.stderr)
    return there


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    passages, analyzer = made(given.documents), Analyzer()
    rng = np.random.default_rng(5)
    asked = [passages[int(row)] for row in rng.choice(len(passages), given.queries)]
    texts = [" ".join(rng.permutation(own.text.split())[:4].tolist()) for own in asked]
    terms = [list(dict.fromkeys(own)) for own in analyzer.forms_batch(texts)]
    with tempfile.TemporaryDirectory() as folder:
        found = engines(passages, given.dimension, analyzer, Path(folder))
        vectors = vectors_of(given.queries, given.dimension, 7)
        rows = measured(found, [Question(*own) for own in zip(texts, terms, vectors, strict=True)])
    report = {"documents": given.documents, "dimension": given.dimension, "load": os.getloadavg()[0], "engines": rows}
    lines = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    print(json.dumps(report, indent=2) if given.json else table(lines))


if __name__ == "__main__":
    main()
