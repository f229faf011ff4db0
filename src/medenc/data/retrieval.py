"""Retrieval data: passages, queries, and which passages answer which query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medenc.core.errors import MedencError
from medenc.data.layout import json_lines, judgements, splits
from medenc.data.leaks import key
from medenc.data.readers.passages import Passages, metadata
from medenc.data.reading import RecordError, Rejects, identifier, json_object, lines, records, text_field
from medenc.data.records import Passage, Qrels, Query

__all__ = ["RetrievalData", "load_beir", "load_qrels", "load_queries", "relevant_passages", "splits"]

HEADER = ["query-id", "corpus-id", "score"]


@dataclass(frozen=True)
class RetrievalData:
    """One split of a BEIR folder: every passage, and the queries judged in that split."""

    passages: list[Passage]
    queries: list[Query]
    qrels: Qrels
    path: Path
    reading: dict[str, Any] = field(default_factory=dict)  # the accounts of the reading, as `Rejects.report` gives them


def load_beir(folder: Path, split: str, rejects: Rejects | None = None) -> RetrievalData:
    """Read a split of a BEIR folder.

    Raises: MedencError for missing files, too many bad records, or a judgement that names a query or a passage which is
    not there.
    """
    rejects = rejects or Rejects()
    passages = list(Passages().read(json_lines(folder, "corpus"), rejects))
    queries = {query.id: query for query in load_queries(folder, rejects)}
    rejects.finish()
    path = judgements(folder, split)
    qrels = load_qrels(path, {passage.id for passage in passages}, set(queries))
    judged = [query for query in queries.values() if query.id in qrels]
    return RetrievalData(passages, judged, qrels, folder, rejects.report())


def load_queries(folder: Path, rejects: Rejects) -> Iterator[Query]:
    """Yield every query of a BEIR folder, whatever its split."""
    ids: set[str] = set()

    def parse(line: str) -> list[Query]:
        row = json_object(line)
        query = Query(identifier(row, "_id", "id"), text_field(row, "text"), metadata(row))
        if not query.text:
            raise RecordError("an empty text")
        if query.id in ids:
            raise RecordError("the id is taken by an earlier query")
        ids.add(query.id)
        return [query]

    return records(json_lines(folder, "queries"), rejects, parse)


def relevant_passages(queries: Iterable[Query], qrels: Qrels) -> dict[str, frozenset[str]]:
    """The relevant passages of every query; one question under several ids has those of all."""
    keys = {query.id: key(query.text) for query in queries}
    shared: dict[str, set[str]] = {}
    for id_, text in keys.items():
        shared.setdefault(text, set()).update(passage for passage, grade in qrels[id_].items() if grade > 0)
    frozen = {text: frozenset(passages) for text, passages in shared.items()}
    return {id_: frozen[text] for id_, text in keys.items()}


def load_qrels(path: Path, passages: set[str] | None = None, queries: set[str] | None = None) -> Qrels:
    """Read judgements: BEIR's three columns with or without their header, or TREC's four.

    Judgements decide what a score means, so that a single wrong line is an error.

    Raises: MedencError naming file and line for a malformed line, a grade below 0, two grades for one passage, and for
    a passage or query outside `passages` and `queries` where those are given.
    """
    qrels: Qrels = {}
    rejects = Rejects(max_ratio=0)
    for number, line in lines(path, rejects):
        fields = line.split("\t") if "\t" in line else line.split()
        if not line.strip() or (number == 1 and fields == HEADER):
            continue
        try:
            query, passage, grade = _judgement([field.strip() for field in fields], passages, queries)
            if qrels.setdefault(query, {}).setdefault(passage, grade) != grade:
                raise RecordError("another grade for this passage stands above")
        except RecordError as error:
            raise MedencError(str(error), where=f"{path}:{number}") from None
    rejects.finish()
    if not qrels:
        raise MedencError("no judgement", where=path)
    return qrels


def _judgement(fields: list[str], passages: set[str] | None, queries: set[str] | None) -> tuple[str, str, int]:
    if len(fields) not in (3, 4):
        raise RecordError(f"expected {' '.join(HEADER)}, found {len(fields)} columns")
    query, passage, grade = fields[0], fields[-2], fields[-1]
    if not grade.isascii() or not grade.isdecimal():
        raise RecordError("the grade is not an integer from 0")
    if queries is not None and query not in queries:
        raise RecordError("a judgement of a query that is not among the queries")
    if passages is not None and passage not in passages:
        raise RecordError("a judgement of a passage that is not in the corpus")
    return query, passage, int(grade)
