"""Errors over HTTP: always `{"error": {"code", "message", "where"}}`, never a word of what was sent.

A pydantic or JSON error quotes the input (and cannot even be encoded when that holds NaN or half a surrogate pair), so
only its kind and the names of our own fields go out.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from itertools import takewhile

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from medenc.core.errors import MedencError
from medenc.serve.requests import FIELDS

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
LONGEST_PLACE = 6
PLACES = {"body", "path", *FIELDS}
CLIENT_LEFT = 499


class Refused(HTTPException):
    """A request that is not served; `where` names a field or header of ours."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        where: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, headers)
        self.code, self.message, self.where = code, message, where


def handle_errors(app: FastAPI) -> None:
    """Let every error of `app` leave in the one form."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(MedencError, _mistake)
    app.add_exception_handler(ClientDisconnect, _unheard)
    app.add_exception_handler(Exception, _failure)


def problem(
    status: int, code: str, message: str, where: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The one form of an error."""
    body = {"error": {"code": code, "message": message, "where": where}}
    return JSONResponse(body, status, {**HEADERS, **(headers or {})})


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    return problem(error.status_code, error.code, error.message, error.where, error.headers)


async def _http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    return problem(status, status.name.lower(), status.description or status.phrase, headers=error.headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "extra_forbidden":  # the place ends in a name that the sender chose
        return problem(
            422, "unknown_field", "there is a field that this route does not know", _place(first["loc"][:-1])
        )
    return problem(422, "invalid_field", str(first["msg"]), _place(first["loc"]))


def _place(parts: tuple[str | int, ...]) -> str:
    """A place up to the first name that is not ours: the names inside an input are the sender's."""
    ours = takewhile(lambda part: isinstance(part, int) or part in PLACES, parts[:LONGEST_PLACE])
    return ".".join(map(str, ours))


async def _mistake(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MedencError)
    return problem(422, "refused", error.message)  # its place and its hint may name folders of this machine


async def _unheard(_: Request, __: Exception) -> Response:
    return Response(status_code=CLIENT_LEFT)  # nobody reads it; it is counted


async def _failure(_: Request, __: Exception) -> JSONResponse:
    # uvicorn ends the connection after the error that Starlette then raises; a client has to know.
    return problem(500, "internal_error", "the server failed; its log says where", None, {"connection": "close"})
