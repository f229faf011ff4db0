"""Mine hard negatives for the training queries of a BEIR folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field

from medenc.core.artifact import Draft
from medenc.core.errors import MedencError
from medenc.core.files import write_bytes
from medenc.core.plugins import Plugin
from medenc.core.progress import track
from medenc.data.layout import judgements, splits
from medenc.data.leaks import key
from medenc.data.reading import Rejects, lines
from medenc.data.records import Passage, Query
from medenc.data.retrieval import RetrievalData, load_beir, load_qrels, load_queries, relevant_passages
from medenc.evaluation.review import Doubt, page
from medenc.metrics.ranking import write_trec
from medenc.search.mining import Filters, Mined, Miner

NEGATIVES = "negatives.trec"
REVIEW, PAGE = "review.tsv", "review.html"
COLUMNS = ("verdict", "query_id", "passage_id", "score_above_positive", "query", "passage")


class Mine(Plugin):
    """Negatives as a run file that the reader `pairs` takes, and a sheet of likely unlabelled answers for a person.

    Only queries of a split for training are mined, and of those none whose text is also judged in another split,
    because its passages would tell what is measured there: they are left out and counted. A sheet that comes back with
    a verdict in its first column, given as `reviewed`, keeps those passages from being negatives.
    """

    kind: ClassVar[str] = "negatives"
    version: ClassVar[int] = 1

    index: Path
    data: Path
    split: str = "train"
    mode: Literal["dense", "lexical", "hybrid"] | None = None  # dense where the index has vectors
    depth: int = Field(default=200, ge=1)  # candidates of a query
    negatives: int = Field(default=8, ge=1)  # of a query, at most
    sampling: Literal["top", "random"] = "random"
    filters: Filters = Filters()
    reviewed: Path | None = None
    review_rows: int = Field(default=200, ge=0)
    seed: int = 0

    def run(self, draft: Draft) -> None:
        """Fill `draft.folder` with the negatives and the sheet, `draft.numbers` with what was dropped and why."""
        from medenc.api import open_index

        if not self.split.startswith("train"):
            raise MedencError(
                "negatives are never mined for the queries that measure",
                where="split",
                hint="a split for training has a name that begins with 'train'",
            )
        data = load_beir(self.data, self.split)
        asked, left_out = _own(data, _elsewhere(self.data, self.split))
        positives, passages = relevant_passages(asked, data.qrels), {passage.id: passage for passage in data.passages}
        index, rejected = open_index(self.index), _verdicts(self.reviewed) if self.reviewed else {}
        mode = self.mode or ("dense" if "dense" in index.modes else "lexical")
        miner = Miner(passages, self.filters, self.negatives, self.sampling, self.seed)
        compared = index.compared(asked, self.depth, mode, positives)
        mined = [
            miner.choose(query.id, hits, scores, rejected.get(query.id, ()))
            for query, hits, scores in track(compared, "mine", len(asked))
        ]
        if not any(one.hits for one in mined):
            dropped = ", ".join(f"{count} {name}" for name, count in sorted(miner.dropped.items()))
            raise MedencError(
                f"of {len(mined)} queries none has a negative left (dropped: {dropped or 'nothing'})",
                where="filters",
                hint="a smaller margin or a greater depth leaves more",
            )
        write_trec({one.query_id: one.hits for one in mined}, draft.folder / NEGATIVES, f"medenc-mine-{mode}")
        texts = {query.id: query.text for query in asked}
        doubts = [
            _doubt(one, texts[one.query_id], positives[one.query_id], passages)
            for one in _doubtful(mined, self.review_rows)
        ]
        write_bytes(draft.folder / REVIEW, _sheet(doubts))
        write_bytes(draft.folder / PAGE, page(doubts, REVIEW).encode())
        found = [len(one.hits) for one in mined]
        draft.numbers |= {
            "queries": len(mined),
            "queries_in_other_splits": left_out,
            "negatives": sum(found),
            "queries_without": found.count(0),
            "above_the_positive": sum(one.excess > 0 for one in mined),
            "dropped": dict(sorted(miner.dropped.items())),
            "mode": mode,
        }

    def smoke(self) -> Self:
        """Without filters: an encoder that has learned nothing scores all passages alike, and all would be dropped."""
        return self.model_copy(update={"filters": Filters()})


def _elsewhere(folder: Path, split: str) -> set[str]:
    """Keys of the texts of queries that are judged in another split."""
    others = [load_qrels(judgements(folder, other)) for other in splits(folder) if other != split]
    judged = set[str]().union(*others)
    return {key(query.text) for query in load_queries(folder, Rejects()) if query.id in judged}


def _own(data: RetrievalData, elsewhere: set[str]) -> tuple[list[Query], int]:
    """The queries that have an answer and are not asked in another split, and how many are."""
    answered = [query for query in data.queries if any(data.qrels[query.id].values())]
    own = [query for query in answered if key(query.text) not in elsewhere]
    return own, len(answered) - len(own)


def _doubtful(mined: Iterable[Mined], most: int) -> list[Mined]:
    """Queries whose best negative comes nearest to their positive, or is above it; the worst first."""
    return sorted((one for one in mined if one.hits), key=lambda one: (-one.excess, one.query_id))[:most]


def _doubt(one: Mined, query: str, positives: Iterable[str], passages: Mapping[str, Passage]) -> Doubt:
    id_ = one.hits[0][0]
    answers = [passages[positive].content for positive in sorted(positives)]
    return Doubt(one.query_id, query, id_, passages[id_].content, one.excess, answers)


def _sheet(doubts: Sequence[Doubt]) -> bytes:
    """Tab-separated rows for a person: the query beside the passage that may answer it after all."""
    text = io.StringIO()
    sheet = csv.writer(text, delimiter="\t", lineterminator="\n")
    sheet.writerow(COLUMNS)
    for one in doubts:
        row = [one.query_id, one.passage_id, f"{one.excess:.4f}", one.query, one.passage]
        sheet.writerow(["", *(" ".join(cell.split()) for cell in row)])
    return text.getvalue().encode()


def _verdicts(path: Path) -> dict[str, set[str]]:
    """Query id -> the passages that a person has called answers, by any mark in the first column."""
    found: dict[str, set[str]] = {}
    for number, row in _rows(path):
        if number == 1:
            if tuple(row) != COLUMNS:
                raise MedencError("no review sheet: its first line is another one", where=path)
        elif len(row) != len(COLUMNS):
            raise MedencError(f"expected {len(COLUMNS)} columns, found {len(row)}", where=f"{path}:{number}")
        elif row[0].strip():
            found.setdefault(row[1], set()).add(row[2])
    return found


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines(path, Rejects()):
        if line.strip():
            yield number, next(csv.reader([line], delimiter="\t"))
