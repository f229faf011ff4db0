"""The bodies of requests and responses."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from medenc.serve.served import Mode, Overflow, Role

LONGEST_QUERY = 2_000  # characters; finding the words of more than that takes seconds
LONGEST_TEXT = 32_768  # characters
MOST_TEXTS = 32
MOST_HITS = 100
LONGEST_FILTER = 1_000  # characters; the filter's parser recurses


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "text is needed, found only white space")
    return text


Question = Annotated[str, StringConstraints(max_length=LONGEST_QUERY), AfterValidator(_not_blank)]
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT), AfterValidator(_not_blank)]
Texts = Annotated[list[Text], Field(min_length=1, max_length=MOST_TEXTS)]
OneOrMore = Annotated[
    Texts,
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value, json_schema_input_type=str | list[str]),
]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class SearchRequest(_Request):
    """What to look for, how, and in which passages."""

    query: Question
    top: Annotated[int, Field(ge=1, le=MOST_HITS)] = 10
    mode: Mode | None = None
    where: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_FILTER)] | None = None


class AskRequest(_Request):
    """A question to answer with verbatim spans of passages."""

    question: Question


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


class Hit(BaseModel):
    """A passage found; `highlights` are [start, end) in Unicode code points of `text`."""

    id: str
    rank: int
    score: float
    title: str
    text: str
    metadata: dict[str, Any]
    highlights: list[tuple[int, int]]
    parts: dict[str, float | None]


class SearchResponse(BaseModel):
    """Hits, best first."""

    query: str
    mode: str
    hits: list[Hit]
    timing_ms: dict[str, float]


class Span(BaseModel):
    """An answer: `text` is passage `id`'s text from `start` to `end`, in Unicode code points."""

    text: str
    start: int
    end: int
    id: str
    probability: float


class AskResponse(BaseModel):
    """Answers, best first, and how probable it is that the passages hold none."""

    question: str
    answers: list[Span]
    no_answer_probability: float


class SimilarityResponse(BaseModel):
    """One score for each text, in the order sent."""

    query: str
    scores: list[float]
    similarity: str


class Embedding(BaseModel):
    """One vector: numbers, or base64 of little-endian float32."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class Usage(BaseModel):
    """Tokens read."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsResponse(BaseModel):
    """Vectors in the order of the texts."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: Usage


class ErrorDetail(BaseModel):
    """What is wrong; `where` is a field or header, never its value."""

    code: str
    message: str
    where: str | None


class ErrorResponse(BaseModel):
    """The form of every error."""

    error: ErrorDetail
