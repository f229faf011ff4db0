"""The application: routes over what it is given, and nothing that it fetches itself."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from medenc import __version__
from medenc.core.errors import MedencError
from medenc.runtime.embedder import score
from medenc.serve import schemas
from medenc.serve.body import LONGEST_BODY_BYTES, JsonRoute
from medenc.serve.errors import Refused, handle_errors
from medenc.serve.security import Shield
from medenc.serve.served import Model, SearchIndex
from medenc.serve.worker import Worker

STATIC = Path(__file__).parent / "static"
WARM_UP = "발열 发热 fever"  # a word of each language: each has a dictionary to load
LIMITS = {
    "body_bytes": LONGEST_BODY_BYTES,
    "query_characters": schemas.LONGEST_QUERY,
    "text_characters": schemas.LONGEST_TEXT,
    "texts": schemas.MOST_TEXTS,
    "hits": schemas.MOST_HITS,
}


def create_app(index: SearchIndex | None, models: Mapping[str, Model]) -> FastAPI:
    """An application that searches `index` and embeds with `models`, by name.

    Raises: MedencError when there is nothing to serve, or when it cannot answer (another model made the index).
    """
    if index is None and not models:
        raise MedencError("nothing to serve", hint="give an index, or a model with --model NAME=DIR")
    _warm(index, models)
    worker = Worker()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        worker.close()

    app = FastAPI(title="medenc", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(Shield)
    handle_errors(app)
    app.include_router(_state(index, models, worker))
    if index is not None:
        app.include_router(_searching(index, worker))
    if models:
        app.include_router(_embedding(models, worker))
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def _warm(index: SearchIndex | None, models: Mapping[str, Model]) -> None:
    """Load what is loaded at first use, so that nobody waits for it and its errors come before the first request."""
    if index is not None:
        index.search(WARM_UP, top=1, mode=None, where=None)
    for model in models.values():
        model.embed([WARM_UP], as_="query", on_overflow="error")


def _router() -> APIRouter:
    refusals: dict[int | str, dict[str, Any]] = {
        status: {"model": schemas.ErrorResponse} for status in (400, 404, 408, 413, 415, 422)
    }
    return APIRouter(route_class=JsonRoute, responses=refusals)


def _state(index: SearchIndex | None, models: Mapping[str, Model], worker: Worker) -> APIRouter:
    router = APIRouter()

    @router.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz() -> dict[str, str]:
        return {"status": "ready"}

    @router.get("/v1/info")
    async def info() -> dict[str, Any]:
        return {
            "medenc": __version__,
            "index": _public(await worker.run(index.info)) if index else None,
            "models": {name: _facts(model) for name, model in models.items()},
            "limits": LIMITS,
        }

    return router


def _searching(index: SearchIndex, worker: Worker) -> APIRouter:
    router = _router()

    @router.post("/v1/search", response_model=schemas.SearchResponse)
    async def search(body: schemas.SearchRequest) -> dict[str, Any]:
        try:
            answer = await worker.run(index.search, body.query, top=body.top, mode=body.mode, where=body.where)
        except MedencError as error:
            if error.where != "where":
                raise
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_filter", str(error), "body.where") from None
        return answer.to_json()

    @router.post("/v1/ask", response_model=schemas.AskResponse)
    async def ask(body: schemas.AskRequest) -> dict[str, Any]:
        answer = await worker.run(index.ask, body.question)
        return answer.to_json()

    return router


def _embedding(models: Mapping[str, Model], worker: Worker) -> APIRouter:
    router = _router()

    def named(name: str | None) -> Model:
        if name is None and len(models) == 1:
            return next(iter(models.values()))
        if name is None or name not in models:
            raise Refused(HTTPStatus.NOT_FOUND, "no_such_model", f"known models: {', '.join(sorted(models))}", "model")
        return models[name]

    @router.post("/v1/similarity", response_model=schemas.SimilarityResponse)
    async def similarity(body: schemas.SimilarityRequest) -> dict[str, Any]:
        model = named(body.model)
        query = await worker.run(model.embed, [body.query], as_="query", on_overflow="error")
        texts = await worker.run(model.embed, body.texts, as_="passage", on_overflow=body.on_overflow)
        scores = score(query.vectors, texts.vectors, model.similarity_name)
        return {"query": body.query, "scores": scores[0].tolist(), "similarity": model.similarity_name}

    @router.post("/v1/embeddings", response_model=schemas.EmbeddingsResponse)
    async def embeddings(body: schemas.EmbeddingsRequest) -> dict[str, Any]:
        model = named(body.model)
        embedded = await worker.run(model.embed, body.input, as_=body.as_, on_overflow=body.on_overflow)
        tokens = int(sum(embedded.tokens))
        written = [_written(vector, body.encoding_format) for vector in embedded.vectors]
        return {
            "data": [{"index": position, "embedding": vector} for position, vector in enumerate(written)],
            "model": body.model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }

    return router


def _written(vector: np.ndarray, encoding: str) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode()
    return [float(number) for number in vector]


def _public(info: Mapping[str, Any]) -> dict[str, Any]:
    """What anybody may know of an index; the rest names folders of this machine."""
    return {name: info[name] for name in ("documents", "version", "modes")}


def _facts(model: Model) -> dict[str, Any]:
    return {
        "dimension": model.dimension,
        "max_tokens": model.max_tokens,
        "similarity": model.similarity_name,
        "fingerprint": model.fingerprint,
    }
