"""The bodies of requests."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from medenc.serve import limits
from medenc.serve.served import LinkMode, Mode, Overflow, Role

NOT_BLANK = r"[^\s\x1c-\x1f\x85\ufeff]"  # spelt out because Python, Rust and ECMAScript disagree on \s


def _not_blank(text: str) -> str:
    if not re.search(NOT_BLANK, text):
        raise PydanticCustomError("blank", "text is needed, found only white space")
    return text


def _whole(number: Any) -> Any:
    """JSON has one kind of number: 3.0 is the integer 3."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _count(most: int) -> tuple[FieldInfo, BeforeValidator]:
    """What makes an integer a count of at most so many; said twice, since what is described is what comes in."""
    bounds: FieldInfo = Field(ge=1, le=most)
    return bounds, BeforeValidator(_whole, json_schema_input_type=Annotated[int, bounds])


def _text(characters: int) -> tuple[StringConstraints, AfterValidator, FieldInfo]:
    """What makes a string a text of at most so many characters."""
    described: FieldInfo = Field(json_schema_extra={"pattern": NOT_BLANK})
    return StringConstraints(max_length=characters), AfterValidator(_not_blank), described


Question = Annotated[str, *_text(limits.LONGEST_QUERY)]
Text = Annotated[str, *_text(limits.LONGEST_TEXT)]
Mention = Annotated[str, *_text(limits.LONGEST_MENTION)]
Texts = Annotated[list[Text], Field(min_length=1, max_length=limits.MOST_TEXTS)]
OneOrMore = Annotated[
    Texts,
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value, json_schema_input_type=Text | Texts),
]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


Fields = Annotated[
    dict[Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")], Text | Texts],
    Field(min_length=1, max_length=8, json_schema_extra={"additionalProperties": False}),
]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class SearchRequest(_Request):
    """What to look for, how, and in which passages."""

    query: Question
    top: Annotated[int, *_count(limits.MOST_HITS)] = 10
    mode: Mode | None = None
    where: Annotated[str, StringConstraints(min_length=1, max_length=limits.LONGEST_FILTER)] | None = None


class AskRequest(_Request):
    """A question to answer with verbatim spans: of passages that are searched for, or of `text`.

    `reader` names a question answering model; the only one that is served reads unasked.
    """

    question: Question
    text: Text | None = None
    reader: Name | None = None
    top: Annotated[int, *_count(limits.MOST_ANSWERS)] = 3


class LinkRequest(_Request):
    """Mentions to link to the concepts of the dictionary that is served."""

    mentions: Annotated[list[Mention], Field(min_length=1, max_length=limits.MOST_TEXTS)]
    top: Annotated[int, *_count(limits.MOST_CANDIDATES)] = 5
    mode: LinkMode | None = None


class PredictRequest(_Request):
    """What a task model reads: texts, or objects such as `{"question": …, "context": …}`."""

    inputs: Annotated[list[Text | Fields], Field(min_length=1, max_length=limits.MOST_TEXTS)]


class SimilarityRequest(_Request):
    """A query and the texts to compare with it."""

    query: Text
    texts: Texts
    model: Name | None = None
    on_overflow: Overflow = "error"


class EmbeddingsRequest(_Request):
    """Texts to embed, in the shape of OpenAI's interface; `as` chooses the model's prompt or tower."""

    model: Name
    input: OneOrMore
    encoding_format: Literal["float", "base64"] = "float"
    as_: Annotated[Role | None, Field(alias="as")] = None
    on_overflow: Overflow = "error"


FIELDS = frozenset(
    field.alias or name for request in _Request.__subclasses__() for name, field in request.model_fields.items()
) | {"id", "name"}
"""Every name that a body or a path may have."""
