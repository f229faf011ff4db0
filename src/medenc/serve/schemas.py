"""The bodies of requests and responses."""

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


Count = Annotated[int, BeforeValidator(_whole, json_schema_input_type=int)]


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
    top: Annotated[Count, Field(ge=1, le=limits.MOST_HITS)] = 10
    mode: Mode | None = None
    where: Annotated[str, StringConstraints(min_length=1, max_length=limits.LONGEST_FILTER)] | None = None


class AskRequest(_Request):
    """A question to answer with verbatim spans: of passages that are searched for, or of `text`.

    `reader` names a question answering model; the only one that is served reads unasked.
    """

    question: Question
    text: Text | None = None
    reader: Name | None = None
    top: Annotated[Count, Field(ge=1, le=limits.MOST_ANSWERS)] = 3


class LinkRequest(_Request):
    """Mentions to link to the concepts of the dictionary that is served."""

    mentions: Annotated[list[Mention], Field(min_length=1, max_length=limits.MOST_TEXTS)]
    top: Annotated[Count, Field(ge=1, le=limits.MOST_CANDIDATES)] = 5
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


class Matched(BaseModel):
    """A term of the query in a passage: its form without particle, its part of the lexical score, its places."""

    term: str
    score: float
    spans: list[tuple[int, int]]


FIELDS = frozenset(
    field.alias or name for request in _Request.__subclasses__() for name, field in request.model_fields.items()
) | {"id", "name"}
"""Every name that a body or a path may have."""


class Hit(BaseModel):
    """A passage found; `highlights` are [start, end) in Unicode code points of `text`, and so are all spans.

    `window` is the part nearest in meaning, null where meaning was not asked.
    """

    id: str
    rank: int
    score: float
    title: str
    text: str
    metadata: dict[str, Any]
    highlights: list[tuple[int, int]]
    parts: dict[str, float | None]
    matched: list[Matched]
    window: tuple[int, int] | None


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
    sentence: tuple[int, int] | None = None


class AskResponse(BaseModel):
    """Answers, best first, and how probable it is that the passages hold none."""

    question: str
    answers: list[Span]
    no_answer_probability: float


class Usage(BaseModel):
    """Tokens read."""

    prompt_tokens: int
    total_tokens: int


class SimilarityResponse(BaseModel):
    """One score for each text, in the order sent."""

    query: str
    scores: list[float]
    similarity: str
    model: str
    usage: Usage


class Embedding(BaseModel):
    """One vector: numbers, or base64 of little-endian float32."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingsResponse(BaseModel):
    """Vectors in the order of the texts."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: Usage


class ConceptName(BaseModel):
    """One name of a concept; the language is empty when the dictionary does not say."""

    term: str
    language: str


class Candidate(BaseModel):
    """A concept that a mention may stand for: its best name, what found it, and all its names."""

    concept_id: str
    term: str
    score: float
    language: str
    how: Literal["exact", "lexical", "dense", "both"]
    names: list[ConceptName]


class Linked(BaseModel):
    """A mention with its candidates, best first, and how probable it is that none is right, if that is known."""

    mention: str
    candidates: list[Candidate]
    none_probability: float | None = None


class LinkResponse(BaseModel):
    """One entry for each mention, in the order sent."""

    links: list[Linked]


class PredictResponse(BaseModel):
    """One prediction for each input, in the form of the task."""

    model: str
    task: str
    predictions: list[dict[str, Any]]
    usage: Usage


class Document(BaseModel):
    """A document as it was indexed."""

    id: str
    title: str
    text: str
    metadata: dict[str, Any]


class IndexInfo(BaseModel):
    """The index."""

    documents: int
    version: int
    modes: list[Mode]


class ModelInfo(BaseModel):
    """An embedding model."""

    dimension: int
    max_tokens: int
    similarity: str
    fingerprint: str


class TaskInfo(BaseModel):
    """A task model."""

    task: str
    labels: list[str]
    fingerprint: str


class DictionaryInfo(BaseModel):
    """The dictionary."""

    names: int
    concepts: int
    modes: list[LinkMode]


class InfoResponse(BaseModel):
    """What is served, and the limits of a request."""

    medenc: str
    generation: int
    index: IndexInfo | None
    models: dict[str, ModelInfo]
    tasks: dict[str, TaskInfo]
    readers: list[str]
    dictionary: DictionaryInfo | None
    limits: dict[str, int]


class MapResponse(BaseModel):
    """Documents as points of a plane, column by column; `metadata` has the keys worth colouring by."""

    ids: list[str]
    titles: list[str]
    x: list[float]
    y: list[float]
    metadata: dict[str, list[str | None]]


class NumbersResponse(BaseModel):
    """The manifests behind what is served, and those of reports on it."""

    artifacts: list[dict[str, Any]]


class ReloadResponse(BaseModel):
    """The number of what is served now."""

    generation: int


class ErrorDetail(BaseModel):
    """What is wrong; `where` is a field or header, never its value."""

    code: str
    message: str
    where: str | None


class ErrorResponse(BaseModel):
    """The form of every error."""

    error: ErrorDetail
