"""How fast and how large linking is, on a made-up dictionary.

    python benchmarks/linking.py --names 1000000 --dimension 768

Names are words of syllables whose frequencies fall as Zipf's law has it; words have topics, a concept keeps to one, and
its names share words. The stand-in for a model adds up one vector a word, words of one topic being near each other, so
that names lie in clusters, as they do with a trained one. Mentions are names with a slip of the pen or a word left out.
Linking runs in a process of its own, whose memory is shown.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np

from medenc.core.artifact import writing
from medenc.core.vectors import unit
from medenc.data.records import Name
from medenc.search import dictionary
from medenc.search.linker import Linker
from medenc.search.settings import Model

WORDS = 32_768
TOPICS = 256
NAMES_A_CONCEPT = 4
WORD, OWN = 0.8, 0.3  # lengths of what is a word's own beside its topic, and a text's own beside its words


class BagOfWords:
    """Texts to vectors without a model: the vectors of the words, and one of the text's own."""

    def __init__(self, dimension: int) -> None:
        rng = np.random.default_rng(1)
        topics = unit(rng.standard_normal((TOPICS, dimension), dtype=np.float32))
        own = unit(rng.standard_normal((WORDS, dimension), dtype=np.float32))
        self.place = {word: number for number, word in enumerate(words())}
        self.words = unit(topics[np.arange(WORDS) % TOPICS] + WORD * own)
        self.noise = own

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        rows = [[self.place.get(word, -1) for word in text.split()] for text in texts]
        known = [[row for row in own if row >= 0] or [0] for own in rows]  # a misspelt word is not understood
        starts = np.cumsum([0, *map(len, known)])[:-1]
        sums = np.add.reduceat(self.words[[row for own in known for row in own]], starts, axis=0)
        seeds = [zlib.crc32(text.encode()) for text in texts]
        return unit(unit(sums) + OWN * unit(self.noise[[s % WORDS for s in seeds]]))


def words() -> list[str]:
    """The vocabulary, the most frequent first; word i has topic i modulo TOPICS."""
    rng = np.random.default_rng(0)
    syllables = [a + b for a in "bcdfghklmnprstvz" for b in ("a", "e", "i", "o", "u", "al", "en", "is", "os", "yl")]
    picked, lengths = rng.integers(0, len(syllables), (WORDS * 2, 4)), rng.integers(2, 5, WORDS * 2)
    made = dict.fromkeys("".join(syllables[i] for i in row[:n]) for row, n in zip(picked, lengths, strict=True))
    return list(made)[:WORDS]


def names(n: int) -> Iterator[Name]:
    rng, vocabulary = np.random.default_rng(0), words()
    concepts = n // NAMES_A_CONCEPT
    ranks = 1 / np.arange(1, WORDS // TOPICS + 1)
    within = rng.choice(len(ranks), (concepts, 6), p=ranks / ranks.sum())  # Zipf's law within a topic
    topics = rng.integers(0, TOPICS, (concepts, 1))
    elsewhere = rng.integers(0, TOPICS, (concepts, 6))
    chosen = within * TOPICS + np.where(rng.random((concepts, 6)) < 0.8, topics, elsewhere)
    lengths = rng.integers(2, 5, (concepts, NAMES_A_CONCEPT))
    for concept in range(concepts):
        for spelling in range(NAMES_A_CONCEPT):
            own = rng.permutation(chosen[concept])[: lengths[concept, spelling]]
            yield Name(f"C{concept:07}", " ".join(vocabulary[i] for i in own), "en")


def slips(terms: Sequence[str], seed: int = 2) -> list[str]:
    rng = np.random.default_rng(seed)
    made = []
    for term in terms:
        place, parts = int(rng.integers(1, len(term) - 1)), term.split()
        made.append(
            term[:place] + term[place + 1 :]
            if rng.random() < 0.5 or len(parts) < 3
            else " ".join(parts[i] for i in sorted(rng.permutation(len(parts))[:-1]))
        )
    return made


def link(folder: Path, dimension: int, mentions: int) -> dict[str, object]:
    """Measured in a process that does nothing else."""
    encode = BagOfWords(dimension) if dimension else None
    started = perf_counter()
    linker = Linker.open(folder, encode)
    rng = np.random.default_rng(3)
    drawn = rng.choice(len(linker.names), mentions, replace=False)
    asked = slips([linker.names.terms.text(int(i)) for i in drawn])
    linker.link(asked[:1])
    found: dict[str, object] = {"open_seconds": round(perf_counter() - started, 2)}
    for mode in linker.modes:
        times, right = [], 0
        for text, name in zip(asked, drawn, strict=True):
            started = perf_counter()
            (linked,) = linker.link([text], 5, mode)
            times.append(perf_counter() - started)
            right += linker.names.concept_id(int(name)) in {c.concept_id for c in linked.candidates}
        p50, p99 = np.quantile(times, [0.5, 0.99]) * 1e3
        found[mode] = {
            "p50_ms": round(float(p50), 2),
            "p99_ms": round(float(p99), 2),
            "mentions_per_second": round(len(times) / sum(times), 1),
            "acc_at_5": round(right / mentions, 3),
        }
    found["peak_memory_gb"], found["private_memory_gb"] = memory("VmHWM"), memory("RssAnon")
    if encode is not None:  # last: the exact search reads every vector
        found["recall_at_10_of_mentions"] = recall(linker, encode(asked))
    return found


def recall(linker: Linker, queries: np.ndarray) -> float:
    """Of the ten nearest names of each mention, the share that the lists find."""
    vectors = dictionary.load_vectors(linker.path, linker.settings)
    best = np.full((len(queries), 10), -np.inf, np.float32)
    for start in range(0, len(vectors.data), 50_000):
        scores = np.concatenate([best, queries @ vectors.data[start : start + 50_000].T], axis=1)
        best = -np.partition(-scores, 9, axis=1)[:, :10]
    least = best.min(axis=1) - 1e-5
    return round(
        float(np.mean([(vectors.top(q, 10)[1] >= low).mean() for q, low in zip(queries, least, strict=True)])), 4
    )


def memory(line: str) -> float:
    """Gigabytes of this process: `VmHWM` is its peak, `RssAnon` what no mapped file stands behind.

    The peak that `getrusage` gives would be that of the process that started this one.
    """
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return round(int(lines[line].split()[0]) / 2**20, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=20_000)
    parser.add_argument("--dimension", type=int, default=64, help="of the vectors; 0 links by spelling alone")
    parser.add_argument("--mentions", type=int, default=200)
    parser.add_argument("--out", type=Path, help="folder of the dictionary [a temporary one]")
    parser.add_argument("--link", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.link:
        print(json.dumps(link(given.link, given.dimension, given.mentions)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.out or Path(temporary)) / "dictionary"
        started = perf_counter()
        model = Model(path="bag of words", fingerprint="", dimension=given.dimension, similarity="cosine")
        with writing(folder, dictionary.KIND, options=vars(given) | {"out": ""}) as draft:
            known = (model, BagOfWords(given.dimension)) if given.dimension else (None, None)
            settings = dictionary.build(draft.folder, names(given.names), *known)
        size = sum(path.stat().st_size for path in folder.iterdir())
        result = {
            "names": given.names,
            "dimension": given.dimension,
            "build_seconds": round(perf_counter() - started, 1),
            "build_peak_memory_gb": memory("VmHWM"),
            "bytes_per_name": round(size / given.names, 1),
            "probes": settings.probes,
            "recall_at_build": settings.recall,
        }
        arguments = ["--link", str(folder), "--dimension", str(given.dimension), "--mentions", str(given.mentions)]
        done = subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True)
        print(json.dumps(result | json.loads(done.stdout), indent=2))


if __name__ == "__main__":
    main()
