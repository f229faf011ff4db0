"""The routes that compute: each pins the generation it began with, and gives its work to the queue."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

import numpy as np
from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from medenc.core.errors import MedencError
from medenc.runtime.embedder import score
from medenc.serve import requests, responses
from medenc.serve.body import JsonRoute
from medenc.serve.errors import Refused
from medenc.serve.served import Dictionary, Model, Role, SearchIndex, Served, TaskModel, TextReader
from medenc.serve.service import Generation, Service
from medenc.serve.work import Ask, Embed, Link, Predict, Read, ReadFound, Search

T = TypeVar("T")
M = TypeVar("M", bound=str | None)
READ_TOKENS = 4_000  # about what a reader reads for a question, besides the question
GENERATION = "medenc-generation"  # the header that names what answered


def answering(service: Service) -> APIRouter:
    """All routes that compute."""
    refusals: dict[int | str, dict[str, Any]] = {
        status: {"model": responses.ErrorResponse}
        for status in (400, 401, 403, 404, 408, 413, 415, 421, 422, 429, 431, 503)
    }
    router = APIRouter(route_class=JsonRoute, responses=refusals)

    @router.post("/v1/search", response_model=responses.SearchResponse)
    async def search(request: Request, body: requests.SearchRequest) -> Response:
        now = service.generation
        index = the("index", now.served.index)
        work = Search(index, body.top, possible(body.mode, index), body.where)
        try:
            (answer,) = await service.compute(request, work, [body.query], [body.query])
        except MedencError as error:
            if error.where != "where":
                raise
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_filter", str(error), "body.where") from None
        return written(answer, now)  # a dataclass of the documented form; ten times as fast as `to_json`

    @router.post("/v1/ask", response_model=responses.AskResponse)
    async def ask(request: Request, body: requests.AskRequest) -> Response:
        now = service.generation
        reader = the_reader(now.served, body.reader)
        if body.text is not None:
            read, whole = Read(the("reader", reader), body.top), f"{body.question} {body.text}"
            (answer,) = await service.compute(request, read, [(body.question, body.text)], [whole])
            return written(answer.to_json(), now)
        index = the("index", now.served.index)
        work = Ask(index, body.top) if reader is None else ReadFound(index, reader, body.top)
        unread = 0 if reader is None else READ_TOKENS
        (answer,) = await service.compute(request, work, [body.question], [body.question], unread)
        return written(answer.to_json(), now)

    @router.post("/v1/link", response_model=responses.LinkResponse)
    async def link(request: Request, body: requests.LinkRequest) -> Response:
        now = service.generation
        dictionary = the("dictionary", now.served.dictionary)
        work = Link(dictionary, body.top, possible(body.mode, dictionary))
        return written({"links": await service.compute(request, work, body.mentions, body.mentions)}, now)

    @router.post("/v1/predict/{name}", response_model=responses.PredictResponse)
    async def predict(request: Request, name: requests.Name, body: requests.PredictRequest) -> Response:
        now = service.generation
        model = named(now.served.tasks, name, "path.name")
        rows = [_row(model, place, given) for place, given in enumerate(body.inputs)]
        texts = [" ".join(_strings(given)) for given in body.inputs]
        found = await service.compute(request, Predict(model), rows, texts)
        for place, (_, tokens, left) in enumerate(found):
            _refuse_long(left > 0, "input", place, tokens + left, model.max_tokens, "body.inputs")
        answer = {"model": name, "task": model.facts["use"], "predictions": [one for one, _, _ in found]}
        return written({**answer, "usage": _usage(tokens for _, tokens, _ in found)}, now)

    @router.post("/v1/similarity", response_model=responses.SimilarityResponse)
    async def similarity(request: Request, body: requests.SimilarityRequest) -> Response:
        now = service.generation
        name, model = the_model(now.served, body.model)
        query = await embedded(request, model, [body.query], "query", body.on_overflow, "body.query")
        texts = await embedded(request, model, body.texts, "passage", body.on_overflow, "body.texts")
        scores = score(_vectors(query), _vectors(texts), model.similarity_name)[0].tolist()
        answer = {"query": body.query, "scores": scores, "similarity": model.similarity_name}
        return written({**answer, "model": name, "usage": _usage(tokens for _, tokens in (*query, *texts))}, now)

    @router.post("/v1/embeddings", response_model=responses.EmbeddingsResponse)
    async def embeddings(request: Request, body: requests.EmbeddingsRequest) -> Response:
        now = service.generation
        model = named(now.served.models, body.model, "body.model")
        found = await embedded(request, model, body.input, body.as_, body.on_overflow, "body.input")
        data = [
            {"object": "embedding", "index": place, "embedding": _coded(vector, body.encoding_format)}
            for place, (vector, _) in enumerate(found)
        ]
        return written(
            {"object": "list", "data": data, "model": body.model, "usage": _usage(tokens for _, tokens in found)}, now
        )

    async def embedded(
        request: Request, model: Model, texts: Sequence[str], as_: Role | None, on_overflow: str, where: str
    ) -> list[tuple[np.ndarray, int]]:
        found = await service.compute(request, Embed(model, as_), texts, texts)
        for place, (_, tokens) in enumerate(found):
            long = on_overflow == "error" and tokens > model.max_tokens
            _refuse_long(long, "text", place, tokens, model.max_tokens, where, "; on_overflow 'window' reads it whole")
        return found

    return router


def written(value: Any, now: Generation) -> Response:
    """A JSON response that names the generation which answered."""
    return Response(to_json(value), media_type="application/json", headers={GENERATION: str(now.number)})


def the(what: str, part: T | None) -> T:
    """The part of what is served that a route needs. Raises: Refused (404) when there is none."""
    if part is None:
        raise Refused(HTTPStatus.NOT_FOUND, "not_served", f"this server has no {what}")
    return part


def possible(mode: M, part: SearchIndex | Dictionary) -> M:
    """A mode that is none or one of the part's. Raises: Refused (404) when it cannot work so."""
    if mode is not None and mode not in part.modes:
        message = f"known modes: {', '.join(part.modes)}"
        raise Refused(HTTPStatus.NOT_FOUND, "no_such_mode", message, "body.mode")
    return mode


def named(known: Mapping[str, T], name: str, where: str) -> T:
    """A model by its name. Raises: Refused (404) with the names that there are."""
    if name not in known:
        message = f"known models: {', '.join(sorted(known)) or 'none'}"
        raise Refused(HTTPStatus.NOT_FOUND, "no_such_model", message, where)
    return known[name]


def the_reader(served: Served, name: str | None) -> TextReader | None:
    """The named reader, or the only one, or none."""
    if name is None:
        return next(iter(served.readers.values())) if len(served.readers) == 1 else None
    return named(served.readers, name, "body.reader")


def the_model(served: Served, name: str | None) -> tuple[str, Model]:
    """The named model, or the only one."""
    if name is None and len(served.models) == 1:
        return next(iter(served.models.items()))
    return name or "", named(served.models, name or "", "body.model")


def _row(model: TaskModel, place: int, given: Any) -> Any:
    try:
        return model.task.row(str(place), given)
    except MedencError:  # its words may repeat the name of a field that was sent
        message = f"input {place} has not the fields that the task {model.facts['use']} reads"
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_input", message, "body.inputs") from None


def _refuse_long(long: bool, what: str, place: int, tokens: int, most: int, where: str, hint: str = "") -> None:
    """Nothing is cut in silence."""
    if long:
        message = f"{what} {place} has {tokens} tokens, the model reads {most}{hint}"
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "too_long", message, where)


def _strings(given: Any) -> list[str]:
    """All texts of an input."""
    if isinstance(given, str):
        return [given]
    return [text for value in (given.values() if isinstance(given, dict) else given) for text in _strings(value)]


def _vectors(found: Sequence[tuple[np.ndarray, int]]) -> np.ndarray:
    return np.stack([vector for vector, _ in found])


def _usage(tokens: Iterable[int]) -> dict[str, int]:
    total = sum(tokens)
    return {"prompt_tokens": total, "total_tokens": total}


def _coded(vector: np.ndarray, encoding: str) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode()
    return vector.tolist()
