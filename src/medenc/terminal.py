"""How results look in a terminal."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import indent
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from medenc.core.progress import colour

BOLD, PLAIN, DIM = "\033[1;33m", "\033[0m", "\033[2m"
MEASURED = ("scores", "intervals", "tests", "slices")  # what the table of `scores` shows


def steps(results: Iterable[Any], reference: Mapping[str, Any]) -> str:
    """The numbers of each step, with the published ones below ours where the recipe has them.

    A search's measurement is a table; its slices and long lists stay in the step's report and manifest (`medenc show`).
    """
    lines = []
    for result in results:
        measured = "n_queries" in result.numbers
        other = {key: value for key, value in result.numbers.items() if not measured or key not in MEASURED}
        lines.append(f"{result.id}: {', '.join(f'{place} {value}' for place, value in _figures(other))}")
        if measured:
            lines.append(indent(scores(dict(result.numbers) | {"slices": []}), "    "))
        if result.id in reference:
            published = [f"{place} {value}" for place, value in _figures(reference[result.id])]
            lines.append(f"{result.id}, published: {', '.join(published)}")
    return "\n".join(lines)


def _figures(values: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    """Names and values of the numbers in nested tables; counts of nothing, lists and empty tables left out."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _figures(value, f"{place}{name}.")
        elif isinstance(value, float):
            yield place + name, round(value, 4)
        elif value and not isinstance(value, list):
            yield place + name, value


def plugin(name: str, found: type[BaseModel]) -> str:
    """A plug-in, what it does and its options, as TOML where that says it."""
    lines = [f"{_styled(name, BOLD)}  {(inspect.getdoc(found) or '').splitlines()[0]}"]
    rows = []
    for option, field in found.model_fields.items():
        default = "required" if field.is_required() else repr(field.get_default(call_default_factory=True))
        rows.append([f"    {option}", _kind(field.annotation), default])
    return "\n".join([*lines, *([table(rows)] if rows else [])])


def _kind(annotation: Any) -> str:
    """A type as a reader of recipes knows it."""
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return " | ".join(repr(value) for value in get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        return " | ".join(_kind(part) for part in get_args(annotation) if part is not NoneType)
    if origin := get_origin(annotation):
        parts = [_kind(part) for part in get_args(annotation) if part is not Ellipsis]
        return f"{origin.__name__} of {', '.join(parts)}"
    return getattr(annotation, "__name__", str(annotation))


def counts(added: Mapping[str, Any]) -> str:
    """What an indexing did, and which records were set aside."""
    read, lines = added["data"], [f"{added['added']} added, {added['replaced']} replaced, {added['documents']} in all"]
    if read["bad"]:
        lines += [
            f"{read['bad']} of {read['read']} records set aside:",
            *(f"  {example}" for example in read["examples"]),
        ]
    return "\n".join(lines)


def prepared(numbers: Mapping[str, Any]) -> str:
    """What became of the documents, what the shards hold, and which lines and links were set aside."""
    read = numbers["data"]
    held = ", ".join(f"{numbers[name]} {name}" for name in ("tokens", "words", "terms", "sentences"))
    filtered = "".join(f" + {count} with {reason}" for reason, count in read["filtered"].items())
    lines = [
        f"{read['read']} read = {read['kept']} kept + {read['duplicates']} copies{filtered} + {read['bad']} bad",
        f"{held}, {numbers['rows']} rows, filled to {numbers['filled']:.0%}",
        *(f"  {example}" for example in read["examples"]),
    ]
    if links := numbers.get("links"):
        counts = {name: count for name, count in links.items() if isinstance(count, int)}
        lines.append("links: " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()))
        lines += [f"  unknown: {example}" for example in links.get("unknown_examples", ())]
    return "\n".join(lines)


def mined(numbers: Mapping[str, Any], out: Path) -> str:
    """What was mined, what was dropped and why, and what a person should look at."""
    dropped = ", ".join(f"{count} {reason}" for reason, count in numbers["dropped"].items())
    lines = [f"{numbers['negatives']} negatives of {numbers['queries']} queries, by {numbers['mode']} search"]
    lines += [f"dropped: {dropped}"] if dropped else []
    if numbers["queries_in_other_splits"]:
        lines.append(f"{numbers['queries_in_other_splits']} queries left out: they are judged in another split, too")
    above = f"{numbers['above_the_positive']} queries have a negative above their positive"
    sheet = f"the nearest are in {out / 'review.tsv'}: mark answers in its first column and give it as --reviewed"
    return "\n".join([*lines, above, sheet])


def exported(made: Mapping[str, Any]) -> str:
    """What became of a graph, and the figures that decided."""
    kept = made.get("accepted", True)
    verdict = f"{made.get('precision', 'int8')} kept" if kept else f"float32 stays: {made['why']}"
    lines = [verdict, *(f"  {name}: {value}" for name, value in _figures(made) if name not in ("why", "precision"))]
    if made.get("in_float"):
        lines.append(f"  back in float32: {', '.join(made['in_float'])}")
    return "\n".join(lines)


def hits(answer: Any) -> str:
    """Hits with their highlights and the lexical and dense parts of their scores."""
    if not answer.hits:
        return "no hits"
    blocks = []
    for hit in answer.hits:
        parts = "  ".join(f"{name} {value:.3f}" for name, value in hit.parts.items() if value is not None)
        head = f"{hit.rank:>2}. {hit.title or hit.id}  {_styled(f'[{hit.id}]  {hit.score:.4f}  {parts}', DIM)}"
        blocks.append(f"{head}\n    {_snippet(hit.text, hit.highlights)}")
        same = [f"{one.asked} = {one.term} [{one.concept_id}]" for one in hit.synonyms]
        blocks += [f"    {_styled(', '.join(same), DIM)}"] if same else []
    return "\n".join(blocks)


def answers(found: Any) -> str:
    """Answers as verbatim spans with their document and probability."""
    nothing = f"no answer: {found.no_answer_probability:.2f}"
    return "\n".join(
        [f"{a.probability:.2f}  {a.text}  {_styled(f'[{a.id}:{a.start}-{a.end}]', DIM)}" for a in found.answers]
        + [nothing]
    )


def links(linked: Sequence[Any]) -> str:
    """Mentions with their candidate concepts, and how likely none of them is meant."""
    blocks = []
    for found in linked:
        rows = [[f"  {c.score:.3f}", c.concept_id, c.term, c.how] for c in found.candidates]
        if found.none_probability is not None:
            rows.append([f"  {found.none_probability:.3f}", "", "none of these", ""])
        blocks += [_styled(found.mention, BOLD), table(rows) if rows else "  no candidate"]
    if any(found.none_probability is None for found in linked):
        blocks.append(_styled("scores, no probabilities: --calibrate MENTIONS tells when none of these is meant", DIM))
    return "\n".join(blocks)


def prediction(result: Mapping[str, Any]) -> str:
    """A prediction on one line: what it says, and how sure it is."""
    parts = []
    for name, value in result.items():
        if name == "entities":
            parts += [f"{e['label']} [{e['start']}-{e['end']}] {e['text']}" for e in value] or ["no entity"]
        elif name == "probabilities":
            named = value.items() if isinstance(value, Mapping) else enumerate(value)  # of options by their places
            parts += [f"{label} {p:.3f}" for label, p in sorted(named, key=lambda item: -item[1])[:3]]
        else:
            parts.append(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return "  ".join(parts)


def scores(report: Mapping[str, Any]) -> str:
    """The table of an evaluation: a row a mode, a column a measure, each with its interval."""
    modes = report["scores"]
    measures = list(next(iter(modes.values())))
    rows = [["", *measures]]
    for mode, values in modes.items():
        intervals = report["intervals"][mode]
        rows.append([mode, *(_bounded(values[m], intervals.get(m)) for m in measures)])
    tests = [["", "", "difference", "interval", "p"]] if report.get("tests") else []
    for test in report.get("tests", []):
        low, high = test["interval"]
        pair = f"{test['a']} - {test['b']}"
        tests.append(
            [pair, test["measure"], f"{test['difference']:+.3f}", f"[{low:+.3f}, {high:+.3f}]", f"{test['p']:.4f}"]
        )
    blocks = [table(rows), *([table(tests)] if tests else []), *_slices(report.get("slices", []), measures[0])]
    return "\n\n".join(blocks)


def _slices(parts: Sequence[Mapping[str, Any]], main: str) -> Iterator[str]:
    """A table for each way of grouping the queries: a row a group, a column a mode, by the main measure."""
    for field in dict.fromkeys(part["field"] for part in parts):
        own = [part for part in parts if part["field"] == field]
        rows = [[f"{field.replace('_', ' ')}, {main}", "queries", *own[0]["scores"]]]
        for part in own:
            cells = [_bounded(part["scores"][m][main], part["intervals"][m].get(main)) for m in part["scores"]]
            rows.append([part["value"], str(part["n_queries"]), *cells])
        yield table(rows)


def _bounded(value: float, interval: Sequence[float] | None) -> str:
    return f"{value:.3f}" + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as aligned columns."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _snippet(text: str, highlights: Iterable[Sequence[int]], width: int = 160) -> str:
    """The part of `text` around the first highlight, with every highlight in it set off."""
    spans = [(start, end) for start, end in highlights]
    first = spans[0][0] if spans else 0
    left = max(0, min(first - width // 4, len(text) - width))
    right = min(len(text), left + width)
    pieces, at = [], left
    for start, end in spans:
        if at <= start and end <= right:
            pieces += [text[at:start], _styled(text[start:end], BOLD)]
            at = end
    pieces.append(text[at:right])
    line = "".join(pieces).replace("\n", " ")
    return ("…" if left else "") + line + ("…" if right < len(text) else "")


def _styled(text: str, style: str) -> str:
    return f"{style}{text}{PLAIN}" if colour() else text
