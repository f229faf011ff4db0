"""What every response carries and which hosts are served."""

from __future__ import annotations

import ipaddress

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from medenc.serve import limits
from medenc.serve.errors import HEADERS, problem
from medenc.serve.service import Service

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")  # they change and compute nothing


def is_loopback(host: str) -> bool:
    """Whether an address or name reaches this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Shield:
    """Middleware: security headers on every response, bounded headers, and no service to somebody else's web page.

    A web page can point its own name at 127.0.0.1 and read a local server as its own site (DNS rebinding); the Host
    header then carries that name. It can also post blindly to a local server; the Origin header, which every browser
    sends with a post, then names the page. Where keys are needed such a page has none, and the server may have any
    name.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers())
            await send(message)

        await self._chosen(scope)(scope, receive, guarded)

    def _headers(self) -> dict[str, str]:
        """A server about to stop asks for a new connection, which reaches the one that takes its place."""
        return {**HEADERS, "connection": "close"} if self.service.draining else HEADERS

    def _chosen(self, scope: Scope) -> ASGIApp:
        if _header_bytes(scope) > limits.LONGEST_HEADERS_BYTES:
            return _LONG_HEADERS
        if {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope["headers"]}:
            return _TWO_LENGTHS
        return self.app if self.service.generation.served.keys is not None else self._of_this_machine(scope)

    def _of_this_machine(self, scope: Scope) -> ASGIApp:
        """Without keys: who may ask is who can only be a program of this machine, or our own page."""
        headers = Headers(scope=scope)
        if not _is_ours(headers.get("host", "")):
            return _WRONG_HOST
        if scope["method"] not in SAFE_METHODS and not _is_from_us(headers):
            return _WRONG_ORIGIN
        return self.app


def _is_ours(host: str) -> bool:
    host = host.lower()
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host) in LOOPBACK_NAMES


def _is_from_us(headers: Headers) -> bool:
    """Whether no page sent a request, or our own did; `null` is the origin of a page that hides its name."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    same = origin is None or origin.lower() in {f"{scheme}://{headers['host'].lower()}" for scheme in ("http", "https")}
    return same and site in ("none", "same-origin")


def _header_bytes(scope: Scope) -> int:
    """The length of the request line and the headers as they are usually written."""
    target = len(scope["raw_path"]) + (1 + len(scope["query_string"]) if scope["query_string"] else 0)
    line = len(scope["method"]) + target + len("  HTTP/1.1\r\n")
    return line + sum(len(name) + len(value) + len(": \r\n") for name, value in scope["headers"]) + len("\r\n")


_CLOSE = {"connection": "close"}  # what was not read would be taken for the next request
_WRONG_HOST = problem(421, "wrong_host", "this server answers on this machine only", "host", _CLOSE)
_WRONG_ORIGIN = problem(403, "wrong_origin", "only the page of this server may ask here", "origin", _CLOSE)
_TWO_LENGTHS = problem(400, "two_lengths", "the body has two lengths", "content-length", _CLOSE)
_LONG_HEADERS = problem(
    431, "headers_too_long", f"the headers are longer than {limits.LONGEST_HEADERS_BYTES} bytes", None, _CLOSE
)
