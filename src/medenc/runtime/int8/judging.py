"""Is a graph in int8 as good as the float32 one? Asked of rankings and decisions, not of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from medenc.data.records import Qrels
from medenc.data.retrieval import RetrievalData
from medenc.decoding.folder import decision
from medenc.metrics.ranking import Run, measure
from medenc.metrics.significance import bootstrap_interval
from medenc.runtime.answering import open_answering
from medenc.runtime.embedder import score
from medenc.runtime.folder import Role
from medenc.runtime.session import Precision
from medenc.runtime.tower import Tower

OVERLAP, TOP = 0.97, 10
DECISIONS, POINTS = 0.99, 0.003
NUMBERS = 0.01  # of their spread, within which two numbers are one decision
GAIN = "nDCG@10"
DEPTH = 100
BLOCK = 256  # queries compared at once


@dataclass(frozen=True)
class Verdict:
    """Whether int8 may be used, and the figures that say so."""

    ok: bool
    figures: dict[str, Any]


class Judge(Protocol):
    """Compares the int8 graph that stands in a folder with the float32 one."""

    def __call__(self) -> Verdict:
        """Run it on the held-out inputs."""
        ...


@dataclass(frozen=True)
class Encoding:
    """How a folder that is being written turns texts into vectors and compares them."""

    towers: dict[Role, Path]
    prompts: dict[str, str]
    max_tokens: int
    dimension: int
    similarity: str
    backend: str

    def vectors(self, texts: Sequence[str], role: Role, precision: Precision) -> np.ndarray:
        """Vectors (n, dimension), long texts cut."""
        tower = Tower(self.towers[role], self.max_tokens, self.backend, precision=precision)
        prompt = self.prompts.get(role, "")
        return tower.vectors(tower.tokenizer.tokenize([prompt + text for text in texts]).ids, self.dimension)


class Rankings:
    """Judges an encoder: the ten nearest passages of every query must stay, and what is judged must stay found."""

    def __init__(self, encoding: Encoding, data: RetrievalData) -> None:
        self._encoding, self._data = encoding, data
        self._queries, self._passages = self._vectors("fp32")
        self._run = self._ranked(self._queries, self._passages)

    def __call__(self) -> Verdict:
        """Rankings by int8 alone, and of int8 queries among passages that were encoded in float32."""
        queries, passages = self._vectors("int8")
        alone = self._ranked(queries, passages)
        overlap, mixed = _overlap(self._run, alone), _overlap(self._run, self._ranked(queries, self._passages))
        figures: dict[str, Any] = {"overlap": overlap, "overlap_with_float_passages": mixed}
        ok = min(overlap, mixed) >= OVERLAP
        if self._data.qrels:
            figures |= _gains(self._data.qrels, self._run, alone)
            ok = ok and figures["ndcg"] >= figures["float_ndcg_interval"][0]
        return Verdict(ok, figures)

    def _vectors(self, precision: Precision) -> tuple[np.ndarray, np.ndarray]:
        queries = [query.text for query in self._data.queries]
        passages = [passage.content for passage in self._data.passages]
        return self._encoding.vectors(queries, "query", precision), self._encoding.vectors(
            passages, "passage", precision
        )

    def _ranked(self, queries: np.ndarray, passages: np.ndarray) -> Run:
        """The best passages of every query, but itself where the passages ask for one another."""
        ids = [passage.id for passage in self._data.passages]
        judged = bool(self._data.qrels)  # then the queries are others, whatever their ids
        run: Run = {}
        for start in range(0, len(queries), BLOCK):
            scores = score(queries[start : start + BLOCK], passages, self._encoding.similarity)
            for query, own in zip(self._data.queries[start:], scores, strict=False):
                best = np.argsort(-own, kind="stable")[: DEPTH + 1].tolist()
                others = [place for place in best if judged or ids[place] != query.id]
                run[query.id] = [(ids[place], float(own[place])) for place in others[:DEPTH]]
        return run


class Decisions:
    """Judges a task's model: its decisions on all rows, and its scores on the first ones, which are labelled."""

    def __init__(self, folder: Path, max_tokens: int, backend: str, rows: Sequence[Any], labelled: int = 0) -> None:
        self._open = lambda precision: open_answering(folder, max_tokens, backend, precision=precision)
        self._rows, self._labelled, self._answering = list(rows), labelled, self._open("fp32")[0]
        self._before = self._predictions("fp32")

    def __call__(self) -> Verdict:
        """Predictions of both, row by row."""
        after = self._predictions("int8")
        figures: dict[str, Any] = {"equal_decisions": float(np.mean(list(self._same(after))))}
        ok = figures["equal_decisions"] >= DECISIONS
        if self._labelled:
            measured = self._answering.task.main_measure
            old, new = (self._score(predictions)[measured] for predictions in (self._before, after))
            figures |= {"measure": measured, "score": new, "float_score": old}
            ok = ok and new >= old - POINTS
        return Verdict(ok, figures)

    def _predictions(self, precision: Precision) -> list[Any]:
        answering, run = self._open(precision)
        return answering.predict(self._rows, run).predictions

    def _score(self, predictions: list[Any]) -> dict[str, float]:
        labelled = slice(self._labelled)
        return self._answering.task.score(self._rows[labelled], predictions[labelled], self._answering.labels)

    def _same(self, after: list[Any]) -> Iterator[bool]:
        to_json = self._answering.task.to_json
        pairs = [(to_json(a), to_json(b)) for a, b in zip(self._before, after, strict=True)]
        numbers = [before["value"] for before, _ in pairs if "value" in before]
        spread = max(numbers) - min(numbers) if numbers else 0.0
        for before, now in pairs:
            near = "value" not in before or abs(before["value"] - now["value"]) <= NUMBERS * spread
            yield near and decision(before) == decision(now)


def _overlap(before: Run, after: Run) -> float:
    """The mean share of the ten best passages that both have."""
    tops = [({id_ for id_, _ in before[query][:TOP]}, {id_ for id_, _ in after[query][:TOP]}) for query in before]
    return float(np.mean([len(old & new) / max(1, len(old)) for old, new in tops]))


def _gains(qrels: Qrels, before: Run, after: Run) -> dict[str, Any]:
    old, new = (list(measure(qrels, run, [GAIN])[GAIN].values()) for run in (before, after))
    return {
        "ndcg": float(np.mean(new)),
        "float_ndcg": float(np.mean(old)),
        "float_ndcg_interval": list(bootstrap_interval(old)),
    }
