"""What a task is given: records of the right kind, and what a user types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from medenc.core.errors import MedencError
from medenc.data.examples import Annotated, Entity

T = TypeVar("T")


def records(rows: Iterable[Any], kind: type[T], task: str) -> list[T]:
    """The rows, all of one kind. Raises: MedencError for a row of another kind."""
    rows = list(rows)
    for row in rows:
        if not isinstance(row, kind):
            found = type(row).__name__
            hint = "see which readers give such rows: `medenc list reader`"
            raise MedencError(f"expected {kind.__name__} rows, found {found}", where=f"task.{task}", hint=hint)
    return rows


def fields(id_: str, value: str | Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """The named strings of a user's input; a bare text is the first of a single name.

    Raises: MedencError for a missing, unknown or empty one.
    """
    if isinstance(value, str) and len(names) == 1:
        value = {names[0]: value}
    if not isinstance(value, Mapping):
        raise MedencError(f"expected an object with {', '.join(names)}", where=f"input {id_}")
    if unknown := [name for name in value if name not in (*names, "id")]:
        raise MedencError(f"no such field: '{unknown[0]}'", where=f"input {id_}", hint=f"known: {', '.join(names)}")
    for name in names:
        if not isinstance(value.get(name), str) or not value[name].strip():
            raise MedencError(f"'{name}' is missing, empty or no text", where=f"input {id_}")
    return {name: value[name] for name in names}


def annotated(id_: str, value: str | Mapping[str, Any]) -> Annotated:
    """A text with its entities, `{"text", "entities": [{"start", "end", "label"}]}`.

    Raises: MedencError for an entity that is not a stretch of the text.
    """
    given = dict(value) if isinstance(value, Mapping) else {}
    entities = given.pop("entities", None)
    if not isinstance(entities, list):
        raise MedencError("expected an object with text and entities", where=f"input {id_}")
    text = fields(id_, given, ("text",))["text"]
    return Annotated(id_, text, tuple(_entity(id_, text, entity) for entity in entities))


def _entity(id_: str, text: str, value: Any) -> Entity:
    found = [value.get(name) for name in ("start", "end", "label")] if isinstance(value, Mapping) else []
    match found:
        case [int(start), int(end), str(label)] if 0 <= start < end <= len(text) and label:
            return Entity(start, end, label)
    raise MedencError("an entity needs start < end inside the text, and a label", where=f"input {id_}")
