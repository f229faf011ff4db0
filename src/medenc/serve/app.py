"""The application: routes over what it is given, behind the middlewares that guard and count them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from medenc import __version__
from medenc.serve.access import Access
from medenc.serve.errors import handle_errors
from medenc.serve.metrics import Counting
from medenc.serve.routes import answering
from medenc.serve.security import Shield
from medenc.serve.served import Served
from medenc.serve.service import Service
from medenc.serve.state import STATIC, showing

__all__ = ["STATIC", "create_app"]


def create_app(served: Served, reopen: Callable[[], Served] | None = None) -> FastAPI:
    """An application that answers from `served`; `reopen` opens the newest version of it for a reload.

    `app.state.service` is its service. Raises: MedencError when what is served cannot answer (another model made the
    index).
    """
    service = Service(served, reopen)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.queue.close()

    app = FastAPI(title="medenc", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.service = service
    app.add_middleware(Access, service=service)  # the last one added is the first to see a request
    app.add_middleware(Shield, service=service)
    app.add_middleware(Counting, metrics=service.metrics)
    handle_errors(app)
    app.include_router(showing(service))
    app.include_router(answering(service))
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
