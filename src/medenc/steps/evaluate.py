"""Measure an index on judged queries."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from medenc.core.artifact import Draft
from medenc.core.files import write_json
from medenc.core.plugins import Plugin
from medenc.data.layout import judgements, splits
from medenc.data.reading import Rejects
from medenc.data.records import Query
from medenc.data.retrieval import load_beir, load_qrels, load_queries
from medenc.evaluation.report import page
from medenc.evaluation.retrieval import MEASURES, Evaluation, evaluate
from medenc.metrics.ranking import write_qrels, write_trec


class Evaluate(Plugin):
    """Scores of an index with intervals, after a leak scan; run files and a report that needs no network."""

    kind: ClassVar[str] = "report"
    version: ClassVar[int] = 1

    target: Path
    data: Path
    split: str = "test"
    modes: tuple[str, ...] | None = None  # lexical, dense, hybrid; all that the index can do by default
    measures: tuple[str, ...] = MEASURES
    slices: tuple[str, ...] | None = None  # metadata fields of the queries; language and kind where they have them

    def run(self, draft: Draft) -> None:
        """Fill `draft.numbers` with the scores and `draft.folder` with report, runs and every query's values."""
        from medenc.api import open_index

        data = load_beir(self.data, self.split)
        index = open_index(self.target)
        found = evaluate(
            data,
            self.split,
            lambda mode, queries, top: index.search_many(queries, top, mode),
            self.modes or index.modes,
            self.measures,
            self._train_queries(),
            self.slices,
        )
        draft.numbers.update(found.to_json())
        write(found, draft.folder)

    def smoke(self) -> Self:
        """The same: the stand-in data are small."""
        return self

    def _train_queries(self) -> list[Query] | None:
        if self.split == "train" or "train" not in splits(self.data):
            return None
        judged = load_qrels(judgements(self.data, "train"))
        return [query for query in load_queries(self.data, Rejects()) if query.id in judged]


def write(found: Evaluation, folder: Path) -> None:
    """Write report.html, queries.json (mode -> measure -> query -> value), qrels.trec and runs/MODE.trec."""
    (folder / "report.html").write_text(page(found), encoding="utf-8")
    write_json(folder / "queries.json", found.values)
    write_json(folder / "slices.json", [vars(part) for part in found.slices])
    write_qrels(found.data.qrels, folder / "qrels.trec")
    for mode, run in found.runs.items():
        write_trec(run, folder / "runs" / f"{mode}.trec", f"medenc-{mode}")
