"""The service: one generation of what is served, one queue, and the swap to the next generation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import ClientDisconnect, Request

from medenc.core.errors import MedencError
from medenc.serve import limits, projection
from medenc.serve.errors import Refused
from medenc.serve.metrics import Metrics
from medenc.serve.queue import FullError, Queue, TooLargeError, Work, weight
from medenc.serve.served import SearchIndex, Served

WARM_UP = "발열 发热 fever"  # a word of each language: each has a dictionary to load


@dataclass(frozen=True)
class Generation:
    """What one request is answered from, whatever is loaded meanwhile."""

    number: int
    served: Served


class Service:
    """Answers requests from the generation that each one began with."""

    def __init__(self, served: Served, reopen: Callable[[], Served] | None = None) -> None:
        """`reopen` opens the newest version of the same things; it is called in a thread of its own."""
        warm(served)
        self.metrics = Metrics()
        self.queue = Queue(self.metrics.batch)
        self.metrics.watch(self.queue)
        self.draining = False
        self._reopen, self._reloading = reopen, asyncio.Lock()
        self._map: tuple[Any, asyncio.Future[dict[str, Any]]] | None = None
        self._enforce(Generation(1, served))

    async def compute(
        self, request: Request, work: Work, items: Sequence[Any], texts: Sequence[str], more: int = 0
    ) -> list[Any]:
        """The results of `work` on `items`, which hold `texts`; a client that leaves frees its place.

        `more` tokens are read for each item than are in its text.

        Raises: Refused (413, 429, 503), ClientDisconnect, and what the work raises.
        """
        try:
            future = self.queue.submit(work, items, [weight(text) + more for text in texts])
        except TooLargeError:
            message = "the texts of this request are more than the server reads at once"
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_many_tokens", message, "body") from None
        except FullError as full:
            raise busy("full", "too much is waiting", full.retry_after, HTTPStatus.TOO_MANY_REQUESTS) from None
        result, gone = asyncio.wrap_future(future), asyncio.ensure_future(_left(request))
        try:
            await asyncio.wait((result, gone), timeout=limits.ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if result.done():
                return result.result()
            if gone.done():
                raise ClientDisconnect
            raise busy("too_slow", f"there was no answer within {limits.ANSWER_SECONDS:g} s", 5)
        finally:
            gone.cancel()
            result.cancel()

    @property
    def reloading(self) -> bool:
        """Whether a new version is being opened."""
        return self._reloading.locked()

    async def reload(self) -> Generation:
        """Open everything anew and serve it, after a reload that is under way; when it fails, the old generation stays.

        Raises: MedencError with what is wrong with the new one.
        """
        if self._reopen is None:
            raise MedencError("what is served was not opened from files")
        async with self._reloading:
            try:
                served = await asyncio.to_thread(self._opened, self._reopen)
            except MedencError:
                self.metrics.reloads.labels("failed").inc()
                raise
            self.metrics.reloads.labels("done").inc()
            self._enforce(Generation(self.generation.number + 1, served))
        return self.generation

    async def map(self, generation: Generation) -> dict[str, Any]:
        """The documents as points of a plane; computed once for each version of them, whoever asks meanwhile waits."""
        index = generation.served.index
        assert index is not None
        version = (generation.number, (await asyncio.to_thread(index.info))["version"])
        if self._map is None or self._map[0] != version or _failed(self._map[1]):
            self._map = version, asyncio.ensure_future(asyncio.to_thread(_points, index))
        return await asyncio.shield(self._map[1])  # who leaves does not stop it for the others

    def _opened(self, reopen: Callable[[], Served]) -> Served:
        served = reopen()
        warm(served)
        return served

    def _enforce(self, generation: Generation) -> None:
        self.generation = generation  # one assignment: a request sees the old or the new one
        self.metrics.generation.set(generation.number)


def warm(served: Served) -> None:
    """Load what is loaded at first use, so that nobody waits for it and its errors come before the first request."""
    if served.index is not None:
        served.index.search_batch([WARM_UP], top=1, mode=None, where=None)
    for model in served.models.values():
        model.embed([WARM_UP], as_="query", on_overflow="window")
    for task in served.tasks.values():
        task.predict_rows([], on_overflow="truncate")
    if served.dictionary is not None:
        served.dictionary.link([WARM_UP], top=1, mode=None)


def _points(index: SearchIndex) -> dict[str, Any]:
    return projection.points(*index.sampled(limits.MOST_POINTS))


def _failed(future: asyncio.Future[Any]) -> bool:
    return future.done() and future.exception() is not None


def busy(code: str, message: str, retry_after: int, status: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE) -> Refused:
    """Refuse now, and say when to come back."""
    return Refused(status, code, message, None, {"retry-after": str(retry_after)})


async def _left(request: Request) -> None:
    """Ends when the client has gone; its body has been read, so nothing else can come."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
