"""The bodies of responses, for the description of the interface: answers are written without a check against them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from medenc.serve.served import LinkMode, Mode


class Matched(BaseModel):
    """A term of the query in a passage: its form without particle, its part of the lexical score, its places."""

    term: str
    score: float
    spans: list[tuple[int, int]]


class Synonym(BaseModel):
    """A name in a passage, `term`, of the concept that the query names as `asked`, and its places."""

    concept_id: str
    asked: str
    term: str
    spans: list[tuple[int, int]]


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
    synonyms: list[Synonym]


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
