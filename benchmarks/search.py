"""How long does a search take: in a new process, and in one that is warm? How long do indexing and small changes take?

Usage: python benchmarks/search.py [BEIR_FOLDER] [--documents 16000] [--json]

Without a folder, passages are put together from a fixed vocabulary in three languages, with the lengths and the skewed
word frequencies of medical text. Vectors are random (384 numbers): exact search costs the same whatever they mean, and
encoding the query is not part of these figures.

Promises: new process < 1.5 s, with a Korean query < 2.5 s; warm hybrid p50 < 25 ms; adding 5 documents < 2 s.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medenc.data.records import Passage
from medenc.data.retrieval import load_beir
from medenc.search.index import Index
from medenc.search.settings import Model
from medenc.text.analyzer import Analyzer

DIMENSION = 384
MODEL = Model(path="random", fingerprint="random", dimension=DIMENSION, similarity="cosine")
WORDS = {
    "en": "hypertension diabetes metformin amlodipine glucose kidney therapy dose chronic heart failure asthma cough",
    "ko": "환자는 고혈압으로 당뇨병의 치료를 위해 혈당이 신장 기능 검사에서 정상 약물을 복용 증상은 발열과 만성 질환",
    "zh": "患者 高血压 糖尿病 治疗 二甲双胍 血糖 肾功能 检查 正常 每日 服用 慢性 急性 心力衰竭 感染 发热 咳嗽 症状",
}
QUERIES = {
    "en": "hypertension treatment in kidney failure",
    "ko": "고혈압 환자의 약물 치료",
    "zh": "糖尿病 肾功能 治疗",
}


@dataclass
class Windows:
    vectors: np.ndarray
    owner: np.ndarray
    spans: np.ndarray


class RandomVectors:
    """One window a text."""

    fingerprint = "random"

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)

    def encode_query(self, texts: Sequence[str]) -> np.ndarray:
        return self.rng.normal(size=(len(texts), DIMENSION)).astype(np.float32)

    def windows(self, texts: Sequence[str]) -> Windows:
        spans = np.array([(0, len(text)) for text in texts])
        return Windows(self.encode_query(texts), np.arange(len(texts)), spans)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("beir", nargs="?", type=Path)
    parser.add_argument("--documents", type=int, default=16_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    passages = load_beir(arguments.beir, "dev").passages if arguments.beir else made(arguments.documents)
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(Path(folder) / "index", passages)
    lines = [f"{name:<40}{value:>12,.3f}" for name, value in figures.items()]
    sys.stdout.write(json.dumps(figures, indent=2) + "\n" if arguments.json else "\n".join(lines) + "\n")


def made(count: int) -> list[Passage]:
    """Passages of 40 to 200 words of one language: its own words and, as in real text, a long tail of rare ones."""
    rng = np.random.default_rng(0)
    return [passage(number, rng) for number in range(count)]


def passage(number: int, rng: np.random.Generator) -> Passage:
    language = ("en", "ko", "zh")[number % 3]
    common = rng.choice(WORDS[language].split(), int(rng.integers(30, 150))).tolist()
    rare = [f"term{int(rank)}" for rank in np.minimum(rng.zipf(1.3, size=len(common) // 3), 10**6)]
    words = rng.permutation([*common, *rare]).tolist()
    return Passage(f"p{number}", " ".join(words), words[0], {"language": language, "year": 2000 + number % 25})


def measured(path: Path, passages: Sequence[Passage]) -> dict[str, float]:
    index = Index.create(path, Analyzer(), MODEL, lambda _: RandomVectors())
    figures = {"documents": float(len(passages)), "characters": float(sum(len(p.content) for p in passages))}
    figures["build, s"] = seconds(lambda: index.add(passages))
    few = [Passage(f"new{n}", QUERIES["en"], metadata={"language": "en"}) for n in range(5)]
    figures["add 5 documents, s"] = seconds(lambda: index.add(few))
    figures["delete 5 documents, s"] = seconds(lambda: index.delete([p.id for p in few]))
    figures["compact, s"] = seconds(index.compact)
    for language, query in QUERIES.items():
        figures[f"new process, lexical, {language}, s"] = min(seconds(lambda q=query: cold(path, q)) for _ in range(3))
    for mode in ("lexical", "hybrid"):
        p50, p99 = np.percentile(warm(index, mode), [50, 99])
        figures |= {f"warm {mode} p50, ms": p50, f"warm {mode} p99, ms": p99}
    figures["warm lexical with a condition p50, ms"] = float(np.median(warm(index, "lexical", "language = 'ko'")))
    return figures


def cold(path: Path, query: str) -> None:
    code = "from medenc.cli import main; main()"
    command = [sys.executable, "-c", code, "search", str(path), query, "--mode", "lexical", "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"MEDENC_PROGRESS": "0"})


def warm(index: Index, mode: str, where: str | None = None, rounds: int = 40) -> list[float]:
    """Milliseconds of each search, without encoding the query."""
    vectors, times = RandomVectors(), []
    for number in range(rounds):
        query, vector = list(QUERIES.values())[number % 3], vectors.encode_query(["x"])[0]
        times.append(1000 * seconds(lambda q=query, v=vector: index.search(q, mode=mode, where=where, vector=v)))
    return times[3:]


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
