"""Request bodies: JSON of a bounded size that arrives in time, read strictly.

Python's own parser lets NaN and half surrogate pairs through, which break whatever comes next; this one refuses them,
as it refuses broken UTF-8, numbers without end and deep nesting.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json

from medenc.serve import limits
from medenc.serve.errors import Refused


class JsonRoute(APIRoute):
    """A route whose body is strict JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, given our request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(JsonRequest(request.scope, request.receive))

        return strictly


class JsonRequest(Request):
    """A request that gives its body only when it is small, in time and JSON."""

    async def body(self) -> bytes:
        """The whole body. Raises: Refused (415, 413, 408)."""
        if not hasattr(self, "_body"):
            must_be_json(self.headers)
            self._must_be_small()
            try:
                async with asyncio.timeout(limits.BODY_SECONDS):
                    self._body = await _at_most(limits.LONGEST_BODY_BYTES, self.stream())
            except TimeoutError:
                raise _hang_up(HTTPStatus.REQUEST_TIMEOUT, "slow_body", "the body did not arrive in time") from None
        return self._body

    async def json(self) -> Any:
        """The parsed body. Raises: Refused (400)."""
        try:
            value = from_json(await self.body(), allow_inf_nan=False)
        except ValueError:
            raise Refused(HTTPStatus.BAD_REQUEST, "not_json", "the body is not valid JSON in UTF-8", "body") from None
        if _is_deeper(value, limits.DEEPEST_JSON):
            message = f"the body nests deeper than {limits.DEEPEST_JSON} levels"
            raise Refused(HTTPStatus.BAD_REQUEST, "too_deep", message, "body")
        return value

    def _must_be_small(self) -> None:
        announced = self.headers.get("content-length", "0")
        if announced.isdecimal() and int(announced[:19]) > limits.LONGEST_BODY_BYTES:
            raise _too_long()


def must_be_json(headers: Mapping[str, str]) -> None:
    """Raises: Refused (415) when the body is something else than JSON."""
    # Any web page can post a form or plain text without asking; for JSON a browser asks first, and we never agree.
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        message = "send the body as application/json"
        raise _hang_up(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json", message, "content-type")


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether arrays and objects are nested more than `levels` deep."""
    level = [value]
    for _ in range(levels):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return any(isinstance(inner, dict | list) for inner in level)


async def _at_most(limit: int, stream: AsyncIterator[bytes]) -> bytes:
    content = bytearray()
    async for chunk in stream:
        content += chunk
        if len(content) > limit:
            raise _too_long()
    return bytes(content)


def _too_long() -> Refused:
    message = f"the body is longer than {limits.LONGEST_BODY_BYTES} bytes"
    return _hang_up(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_long", message)


def _hang_up(status: HTTPStatus, code: str, message: str, where: str = "body") -> Refused:
    """Refuse without reading the rest; the connection cannot be used again."""
    return Refused(status, code, message, where, {"connection": "close"})
