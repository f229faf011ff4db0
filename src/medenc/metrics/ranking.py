"""Ranking measures by the field's reference implementations, with our rules for what they leave open.

Every judged query counts, answered or not; equal scores are ordered by passage id; the order of a run is fixed here
once, so that every implementation behind `ir_measures` sees the same one.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np

from medenc.core.errors import MedencError
from medenc.core.files import write_bytes

Run = dict[str, list[tuple[str, float]]]
"""query_id -> (passage_id, score), best first."""

_MEASURE = re.compile(r"(?P<name>\w+)(\((?P<options>[^()]*)\))?(@(?P<cutoff>[1-9]\d*))?")
_ENGINE = ir_measures.providers.FallbackProvider(
    [ir_measures.pytrec_eval, ir_measures.msmarco, ir_measures.judged]  # the others need Perl or a compiler
)


def measure(
    qrels: Mapping[str, Mapping[str, int]], run: Mapping[str, Sequence[tuple[str, float]]], measures: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Score a run: measure -> query_id -> value, for every judged query and no other.

    Args:
        qrels: the judgements; queries that are judged but not in `run` score the measure's worst value, 0.
        run: the answers in any order.
        measures: as ir_measures spells them: `nDCG@10`, `RR@10`, `R@1000`, `Success@20`, `AP`, `P(rel=2)@5`.

    Raises: MedencError for an unknown measure, no judgement, a score that is not finite, or a passage listed twice.
    """
    if not qrels:
        raise MedencError("nothing is judged", where="qrels")
    parsed = [parse_measure(name) for name in measures]
    ranks = {query: _rank_scores(query, hits) for query, hits in run.items() if query in qrels}
    values: dict[str, dict[str, float]] = {str(m): dict.fromkeys(sorted(qrels), 0.0) for m in parsed}
    for found in _ENGINE.iter_calc(parsed, {q: dict(grades) for q, grades in qrels.items()}, ranks):
        values[str(found.measure)][found.query_id] = float(found.value)
    return values


def mean(values: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The mean over queries of each measure."""
    return {name: math.fsum(per_query.values()) / len(per_query) for name, per_query in values.items()}


def cutoff(name: str) -> int | None:
    """How many hits a measure looks at; None when it looks at all of them."""
    at = parse_measure(name).params.get("cutoff")
    return int(at) if at else None


def parse_measure(name: str) -> Any:
    """The measure that a name such as `nDCG@10` or `P(rel=2)@5` stands for. Raises: MedencError when there is none."""
    known = ir_measures.measures.registry
    match = _MEASURE.fullmatch(name.replace(" ", ""))
    if match is None or match["name"] not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "such as nDCG@10, RR@10, R@1000, Success@20, AP"
        raise MedencError(f"no such measure: '{name}'", where="measures", hint=hint)
    try:
        options = dict(part.split("=") for part in (match["options"] or "").split(",") if part)
        found = known[match["name"]](**{key: _number(value) for key, value in options.items()})
        found = found @ int(match["cutoff"]) if match["cutoff"] else found
        found.validate_params()
    except (TypeError, ValueError, KeyError, AssertionError):
        hint = "a cutoff such as @10 may be missing"
        raise MedencError(f"wrong options of the measure '{name}'", where="measures", hint=hint) from None
    if not _ENGINE.supports(found):
        raise MedencError(f"no implementation of the measure '{name}' is at hand", where="measures")
    return found


def in_order(hits: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    """Hits by falling score; equal scores by passage id."""
    return sorted(hits, key=lambda hit: (-hit[1], hit[0]))


def write_trec(run: Mapping[str, Sequence[tuple[str, float]]], path: Path, tag: str) -> None:
    """Write a run as `query Q0 passage rank score tag`, scores strictly falling.

    Tools that read runs sort by a 32-bit score and break ties in ways of their own; a tied score is therefore lowered
    by the least 32-bit step, so that everybody rescoring the file sees our order.
    """
    rows = [
        f"{_word(query, path)} Q0 {_word(passage, path)} {rank} {score:.9g} {_word(tag, path)}\n"
        for query, hits in run.items()
        for rank, (passage, score) in enumerate(_falling(in_order(hits)), start=1)
    ]
    write_bytes(path, "".join(rows).encode())


def read_trec(path: Path) -> Run:
    """Read a TREC run file. Raises: MedencError naming file and line."""
    run: Run = {}
    for number, fields in _rows(path, 6):
        run.setdefault(fields[0], []).append((fields[2], _value(float, fields[4], path, number)))
    return {query: in_order(hits) for query, hits in run.items()}


def write_qrels(qrels: Mapping[str, Mapping[str, int]], path: Path) -> None:
    """Write judgements as TREC's `query 0 passage grade`."""
    rows = [
        f"{_word(query, path)} 0 {_word(passage, path)} {grade}\n"
        for query, grades in qrels.items()
        for passage, grade in grades.items()
    ]
    write_bytes(path, "".join(rows).encode())


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Read TREC judgements. Raises: MedencError naming file and line."""
    qrels: dict[str, dict[str, int]] = {}
    for number, fields in _rows(path, 4):
        qrels.setdefault(fields[0], {})[fields[2]] = _value(int, fields[3], path, number)
    return qrels


def _rank_scores(query: str, hits: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Hits with scores n … 1 in our order: exact in every implementation, whatever it does to floats and ties."""
    if not all(math.isfinite(score) for _, score in hits):
        raise MedencError("a score is not a finite number", where=f"run, query {query}")
    scores = {passage: float(len(hits) - rank) for rank, (passage, _) in enumerate(in_order(hits))}
    if len(scores) < len(hits):
        raise MedencError("a passage is listed twice", where=f"run, query {query}")
    return scores


def _falling(hits: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Ordered hits with 32-bit scores of which no two are equal."""
    scores = np.array([score for _, score in hits], dtype=np.float32)
    for rank in range(1, len(scores)) if (np.diff(scores) >= 0).any() else ():
        scores[rank] = min(scores[rank], np.nextafter(scores[rank - 1], np.float32(-np.inf)))
    return [(passage, score) for (passage, _), score in zip(hits, scores.tolist(), strict=True)]


def _rows(path: Path, width: int) -> Iterable[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise MedencError("no such file", where=path) from None
    except UnicodeDecodeError:
        raise MedencError("not UTF-8", where=path) from None
    for number, line in enumerate(text.split("\n"), start=1):
        fields = line.split()
        if fields and len(fields) != width:
            raise MedencError(f"expected {width} columns, found {len(fields)}", where=f"{path}:{number}")
        if fields:
            yield number, fields


def _value(kind: type, text: str, path: Path, number: int) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise MedencError(f"expected a number ({kind.__name__})", where=f"{path}:{number}") from None


def _word(text: str, path: Path) -> str:
    if text.split() != [text]:
        raise MedencError("an id with a space in it cannot be written to a TREC file", where=path)
    return text


def _number(text: str) -> float | bool:
    named = {"True": True, "False": False}
    if text in named:
        return named[text]
    return int(text) if text.isdecimal() else float(text)
