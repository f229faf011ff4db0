"""Groups of queries that are scored apart: what they say of themselves, and what can be seen of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from medenc.core.errors import MedencError, did_you_mean
from medenc.data.records import Query
from medenc.data.retrieval import RetrievalData
from medenc.text.scripts import runs

Labels = dict[str, dict[str, str]]
"""Slice -> query_id -> group."""

TooLong = Callable[[Sequence[str], Sequence[str]], tuple[list[bool], list[bool]]]
"""(queries, passages) -> whether the model's window is too short for each."""

OWN = ("language", "kind")  # metadata that is used without being asked for
CONCEPTS = ("concept", "concept_id", "concepts")  # metadata that names what a query is about
LANGUAGES = {"hangul": "ko", "han": "zh"}
SCRIPTS = ("hangul", "han", "kana", "latin", "greek")


def labels(
    data: RetrievalData,
    train_queries: Iterable[Query] | None = None,
    too_long: TooLong | None = None,
    asked: Sequence[str] | None = None,
) -> Labels:
    """The groups of the judged queries.

    `language` (by its script where no query says it), `code_switching` (the share of letters in another script than the
    query's main one), `length`, `query_window` and `passage_window` (whether the query, or a passage that answers it,
    is longer than the model reads at once), `seen_concept` (whether a training query is about the same concept).

    Args:
        train_queries: what the model was trained on; without them, `seen_concept` is unknown.
        too_long: without it, the windows are unknown.
        asked: slices or metadata fields; by default all slices in which the queries differ, and `language` and `kind`
            of the metadata.

    Raises: MedencError for a slice that is neither known nor a field of any query.
    """
    fields = {field for query in data.queries for field in query.metadata}
    seen = _seen(data, train_queries, too_long)
    if asked is None:
        varied = {name: groups for name, groups in seen.items() if len(set(groups.values())) > 1}
        return {field: _field(data, field) for field in OWN if field in fields} | {
            name: groups for name, groups in varied.items() if name not in fields
        }
    for name in asked:
        if name not in fields and name not in seen:
            known = fields | seen.keys()
            raise MedencError(f"no query has the metadata '{name}'", where="slices", hint=did_you_mean(name, known))
    return {name: _field(data, name) if name in fields else seen[name] for name in asked}


def _seen(data: RetrievalData, train_queries: Iterable[Query] | None, too_long: TooLong | None) -> Labels:
    found = {
        "language": {query.id: _language(query.text) for query in data.queries},
        "code_switching": {query.id: _mixture(query.text) for query in data.queries},
        "length": _lengths(data.queries),
    }
    if too_long is not None:
        found |= _windows(data, too_long)
    if train_queries is not None and (concepts := _concepts(data.queries, train_queries)):
        found["seen_concept"] = concepts
    return found


def _field(data: RetrievalData, name: str) -> dict[str, str]:
    return {query.id: str(query.metadata.get(name, "(none)")) for query in data.queries}


def _letters(text: str) -> Counter[str]:
    """Letters of each script."""
    counts: Counter[str] = Counter()
    for name, start, end in runs(text):
        if name in SCRIPTS:
            counts[name] += end - start
    return counts


def _language(text: str) -> str:
    letters = _letters(text)
    return LANGUAGES.get(letters.most_common(1)[0][0], "en") if letters else "(none)"


def _mixture(text: str) -> str:
    letters = _letters(text)
    others = 1 - max(letters.values(), default=0) / (letters.total() or 1) if letters else 0.0
    return "0 % in another script" if others == 0 else "1 to 20 %" if others <= 0.2 else "more than 20 %"


def _lengths(queries: Sequence[Query]) -> dict[str, str]:
    """Thirds of the queries by their length; fewer where lengths are alike."""
    lengths = np.array([len(query.text) for query in queries])
    edges = np.unique(np.quantile(lengths, [1 / 3, 2 / 3], method="lower"))
    groups = np.searchsorted(edges, lengths)
    names = {group: _range(lengths[groups == group]) for group in set(groups.tolist())}
    return {query.id: names[group] for query, group in zip(queries, groups.tolist(), strict=True)}


def _range(lengths: np.ndarray) -> str:
    low, high = int(lengths.min()), int(lengths.max())
    return f"{low} characters" if low == high else f"{low} to {high} characters"


def _windows(data: RetrievalData, too_long: TooLong) -> Labels:
    relevant = {id_ for grades in data.qrels.values() for id_, grade in grades.items() if grade > 0}
    passages = [passage for passage in data.passages if passage.id in relevant]
    queries, contents = too_long([query.text for query in data.queries], [passage.content for passage in passages])
    long = {passage.id for passage, over in zip(passages, contents, strict=True) if over}
    return {
        "query_window": {
            query.id: "cut" if over else "read whole" for query, over in zip(data.queries, queries, strict=True)
        },
        "passage_window": {
            query.id: "answered over several" if _answers(data, query) & long else "answered in one"
            for query in data.queries
        },
    }


def _answers(data: RetrievalData, query: Query) -> set[str]:
    return {id_ for id_, grade in data.qrels[query.id].items() if grade > 0}


def _concepts(queries: Sequence[Query], train_queries: Iterable[Query]) -> dict[str, str]:
    """Whether training knew a concept of each query; empty where no query says what it is about."""
    trained = set().union(*(_about(query.metadata) for query in train_queries))
    about = {query.id: _about(query.metadata) for query in queries}
    if not any(about.values()):
        return {}
    return {id_: "seen" if own & trained else "unseen" if own else "(none)" for id_, own in about.items()}


def _about(metadata: Mapping[str, object]) -> set[str]:
    found: set[str] = set()
    for field in CONCEPTS:
        value = metadata.get(field)
        found |= (
            {str(one) for one in value} if isinstance(value, list) else {str(value)} if value is not None else set()
        )
    return found
