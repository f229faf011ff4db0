"""Measure an index on judged queries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from medenc.core.artifact import Draft
from medenc.core.files import write_json
from medenc.core.plugins import Plugin
from medenc.data.records import Query
from medenc.data.retrieval import RetrievalData, load_beir
from medenc.evaluation.characters import Characters
from medenc.evaluation.report import page
from medenc.evaluation.retrieval import MEASURES, Evaluation, Search, evaluate
from medenc.evaluation.trained import train_queries
from medenc.evaluation.windows import too_long
from medenc.metrics.ranking import Run, write_qrels, write_trec
from medenc.search.index import Index

WORDS, CHARACTERS = "lexical", "bm25-characters"  # the baselines: BM25 over our analyzer's terms, and over characters


class Evaluate(Plugin):
    """Scores of an index with intervals, after a leak scan; run files and a report that needs no network."""

    kind: ClassVar[str] = "report"
    version: ClassVar[int] = 2

    target: Path
    data: Path
    split: str = "test"
    modes: tuple[str, ...] | None = None  # lexical, dense, hybrid; all that the index can do by default
    measures: tuple[str, ...] = MEASURES
    slices: tuple[str, ...] | None = None  # groups of queries, or metadata fields; all that are known by default
    baselines: bool = False  # also BM25, over our analyzer's terms and over characters

    def run(self, draft: Draft) -> None:
        """Fill `draft.numbers` with the scores and `draft.folder` with report, runs and every query's values."""
        from medenc.api import open_index

        data, index = load_beir(self.data, self.split), open_index(self.target)
        modes = dict.fromkeys([*(self.modes or index.modes), *((WORDS, CHARACTERS) if self.baselines else ())])
        model = index.settings.model
        found = evaluate(
            data,
            self.split,
            _search(index, data),
            list(modes),
            self.measures,
            None if self.split == "train" else train_queries(Path(model.path) if model else None, self.data),
            self.slices,
            too_long(Path(model.path)) if model else None,
        )
        draft.numbers.update(found.to_json())
        write(found, draft.folder)

    def smoke(self) -> Self:
        """The same: the stand-in data are small."""
        return self


def _search(index: Index, data: RetrievalData) -> Search:
    """The index's modes and the baseline, which is made when it is asked for."""

    def search(mode: str, queries: Sequence[Query], top: int) -> Run:
        if mode == CHARACTERS:
            return Characters(data.passages).search_many(queries, top)
        return index.search_many(queries, top, mode)

    return search


def write(found: Evaluation, folder: Path) -> None:
    """Write report.html, queries.json (mode -> measure -> query -> value), qrels.trec and runs/MODE.trec."""
    (folder / "report.html").write_text(page(found), encoding="utf-8")
    write_json(folder / "queries.json", found.values)
    write_json(folder / "slices.json", [vars(part) for part in found.slices])
    write_qrels(found.data.qrels, folder / "qrels.trec")
    for mode, run in found.runs.items():
        write_trec(run, folder / "runs" / f"{mode}.trec", f"medenc-{mode}")
