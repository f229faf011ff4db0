"""The routes that show: health, metrics, what is served and where it comes from, a document, the map."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse, PlainTextResponse

from medenc import __version__
from medenc.core.errors import MedencError
from medenc.serve import limits, responses
from medenc.serve.body import must_be_json
from medenc.serve.errors import Refused
from medenc.serve.routes import the, written
from medenc.serve.served import Dictionary, Model, SearchIndex, TaskModel
from medenc.serve.service import Generation, Service, busy

STATIC = Path(__file__).parent / "static"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def showing(service: Service) -> APIRouter:
    """All routes that compute nothing."""
    router = APIRouter(responses=_refusals(400, 401, 403, 404, 421, 422, 431, 503))

    @router.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz() -> dict[str, str]:
        if service.draining:
            raise busy("draining", "the server is about to stop", 5)
        return {"status": "ready"}

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        return Response(service.metrics.text(), headers={"content-type": METRICS_TYPE})

    @router.get("/v1/info", response_model=responses.InfoResponse)
    async def info() -> Response:
        now = service.generation
        return written(await asyncio.to_thread(_described, now), now)

    @router.get("/v1/document/{id:path}", response_model=responses.Document)
    async def document(
        id: Annotated[  # noqa: A002 (the name in the path)
            str, PathParameter(max_length=limits.LONGEST_ID)
        ],
    ) -> Response:
        now = service.generation
        found = await asyncio.to_thread(the("index", now.served.index).document, id)
        if found is None:
            raise Refused(HTTPStatus.NOT_FOUND, "no_such_document", "the index has no document of this id", "path.id")
        return written({"id": found.id, "title": found.title, "text": found.text, "metadata": found.metadata}, now)

    @router.get("/v1/map", response_model=responses.MapResponse)
    async def map_() -> Response:
        now = service.generation
        the("index", now.served.index)
        return written(await service.map(now), now)

    @router.get("/v1/numbers", response_model=responses.NumbersResponse)
    async def numbers() -> Response:
        now = service.generation
        return written({"artifacts": now.served.manifests}, now)

    @router.post("/v1/reload", response_model=responses.ReloadResponse, responses=_refusals(409, 415))
    async def reload(request: Request) -> Response:
        if "content-type" in request.headers:
            must_be_json(request.headers)
        if service.reloading:
            raise busy("reloading", "a reload is under way", 5, HTTPStatus.CONFLICT)
        try:
            now = await service.reload()
        except MedencError as error:  # its place names a folder of this machine, which is the log's business
            raise Refused(HTTPStatus.CONFLICT, "not_reloaded", error.message) from error
        return written({"generation": now.number}, now)

    return router


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the description of the interface says of these statuses."""
    return {status: {"model": responses.ErrorResponse} for status in statuses}


def _described(now: Generation) -> dict[str, Any]:
    served = now.served
    return {
        "medenc": __version__,
        "generation": now.number,
        "index": None if served.index is None else _index(served.index),
        "models": {name: _model(model) for name, model in served.models.items()},
        "tasks": {name: _task(model) for name, model in served.tasks.items()},
        "readers": sorted(served.readers),
        "dictionary": None if served.dictionary is None else _dictionary(served.dictionary),
        "limits": limits.public(),
    }


def _index(index: SearchIndex) -> dict[str, Any]:
    """What anybody may know of an index; the rest names folders of this machine."""
    info = index.info()
    return {name: info[name] for name in ("documents", "version", "modes")}


def _model(model: Model) -> dict[str, Any]:
    return {
        "dimension": model.dimension,
        "max_tokens": model.max_tokens,
        "similarity": model.similarity_name,
        "fingerprint": model.fingerprint,
    }


def _task(model: TaskModel) -> dict[str, Any]:
    return {"task": model.facts["use"], "labels": list(model.labels), "fingerprint": model.fingerprint}


def _dictionary(dictionary: Dictionary) -> dict[str, Any]:
    return {**dictionary.info(), "modes": list(dictionary.modes)}
