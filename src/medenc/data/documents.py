"""JSON files as records, whether they are lines, one array, or an array inside one object."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from medenc.core.errors import MedencError
from medenc.data.reading import RecordError, Rejects, content, json_object, lines, one_record, opening

T = TypeVar("T")
Row = dict[str, Any]


def json_document(path: Path, encoding: str = "utf-8") -> Any:
    """The one JSON value in a file. Raises: MedencError with the line of the fault."""
    try:
        return json.loads(content(path, encoding), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise MedencError(f"not JSON: {error.msg}", where=f"{path}:{error.lineno}") from None
    except (ValueError, RecursionError):
        raise MedencError("not JSON: a number or a nesting out of range", where=path) from None


def each(
    path: Path, rows: Iterable[Any], rejects: Rejects, parse: Callable[[int, Row], Iterable[T]], first: int = 1
) -> Iterator[T]:
    """Yield what `parse(number, row)` makes of every row; in an array the number is the row's, from `first`."""
    for number, row in enumerate(rows, start=first):
        yield from _one(path, number, json.dumps(row), rejects, parse)


def json_records(
    path: Path, rejects: Rejects, parse: Callable[[int, Row], Iterable[T]], encoding: str = "utf-8"
) -> Iterator[T]:
    """Yield what `parse(number, row)` makes of every object of a file of JSON lines or of one JSON array."""
    if opening(path, encoding) == "[":
        yield from each(path, json_document(path, encoding), rejects, parse)
        return
    for number, line in lines(path, rejects, encoding):
        if line.strip():
            yield from _one(path, number, line, rejects, parse)


def exact_text(row: Mapping[str, Any], *names: str) -> str:
    """The string under the first of `names`, untouched: offsets count its spaces too. Raises: RecordError."""
    for name in names:
        if name in row:
            if not isinstance(row[name], str):
                raise RecordError(f"'{name}' is not a string")
            if not row[name].strip():
                raise RecordError(f"an empty {name}")
            return row[name]
    raise RecordError(f"no '{names[0]}'")


def rows_under(row: Mapping[str, Any], name: str) -> list[Row]:
    """The list of objects under `name`; absent and null are an empty list. Raises: RecordError."""
    value = row.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RecordError(f"'{name}' is not a list of objects")
    return value


def whole_number(row: Mapping[str, Any], name: str) -> int:
    """The whole number under `name`, written as a number or a string. Raises: RecordError."""
    value = row.get(name)
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RecordError(f"'{name}' is not a whole number")
    return value


def _one(path: Path, number: int, text: str, rejects: Rejects, parse: Callable[[int, Row], Iterable[T]]) -> Iterator[T]:
    return one_record(path, number, text, rejects, lambda line: parse(number, json_object(line)))


def _no_constant(name: str) -> float:
    raise ValueError(name)
