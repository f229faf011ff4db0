"""Strict options: unknown names and wrong values are errors that say where and what instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from medenc.core.errors import MedencError, did_you_mean


class Options(BaseModel):
    """Named, typed, immutable settings; a name that is not declared is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, arbitrary_types_allowed=True)

    @classmethod
    def parse(cls, values: Mapping[str, Any], where: str) -> Self:
        """Check `values` (as read from a recipe or the command line); `where` names their place.

        Raises: MedencError for the first wrong option, with its dotted place and a suggestion.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise _first_problem(cls, error, where) from None

    def paths(self) -> Iterator[Path]:
        """Every path among the values, those of nested options too: the files that a result depends on."""
        for _, value in self:
            yield from _paths(value)


def _first_problem(cls: type[BaseModel], error: ValidationError, where: str) -> MedencError:
    problem = error.errors(include_url=False)[0]
    place = ".".join([where, *(str(part) for part in problem["loc"])])
    if problem["type"] == "extra_forbidden":
        return MedencError(
            "no such option",
            where=place,
            hint=did_you_mean(str(problem["loc"][-1]), _known(cls, problem["loc"][:-1])),
        )
    if problem["type"] == "missing":
        return MedencError("this option is required", where=place)
    return MedencError(f"{problem['msg'].lower()}, found {problem['input']!r}", where=place)


def _paths(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, Options):
        yield from value.paths()
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _paths(item)


def _known(cls: type[BaseModel], path: tuple[Any, ...]) -> list[str]:
    """Option names of the (possibly nested) model at `path`."""
    for part in path:
        field = cls.model_fields.get(str(part))
        nested = field.annotation if field else None
        if not (isinstance(nested, type) and issubclass(nested, BaseModel)):
            return []
        cls = nested
    return list(cls.model_fields)
