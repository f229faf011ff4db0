"""Listening: this machine only, one clear line when it cannot, a calm end when it is told to stop."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import sys
import traceback
from types import TracebackType

import uvicorn
from fastapi import FastAPI

from medenc.core.errors import MedencError
from medenc.serve.security import is_loopback

LONGEST_HEADERS_BYTES = 16_384
LONGEST_STOP_SECONDS = 20


def serve(app: FastAPI, host: str = "127.0.0.1", port: int = 8765) -> None:
    """Serve until SIGINT or SIGTERM; requests that are being answered are finished first.

    Raises: MedencError when the address is not of this machine only, or is taken.
    """
    listener = listen(host, port)
    sys.stderr.write(f"medenc answers at {address(listener)} (Ctrl+C ends it)\n")
    config = uvicorn.Config(
        app,
        http="h11",  # httptools sets no bound on the length of headers
        h11_max_incomplete_event_size=LONGEST_HEADERS_BYTES,
        ws="none",
        access_log=False,  # it would write what people look for
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=LONGEST_STOP_SECONDS,
    )
    _log_places_only()
    # uvicorn stops at SIGTERM, then sends it again to the handler that it found.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with listener, contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on this machine; port 0 takes a free one. Raises: MedencError."""
    if not is_loopback(host):
        raise MedencError(
            "this server has no keys and no encryption yet, so it answers on this machine only",
            where=f"--host {host}",
            hint="use 127.0.0.1",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "a port is between 0 and 65535"
        raise MedencError(f"cannot listen: {reason}", where=f"{host}:{port}", hint="choose another --port") from None
    return listener


def address(listener: socket.socket) -> str:
    """The page's address."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class PlacesOnly(logging.Formatter):
    """Writes where an error arose and its type; its message may quote what somebody sent."""

    def formatException(  # noqa: N802 (the name is logging's)
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """The frames and the type."""
        kind, _, frames = ei
        return "".join(traceback.format_tb(frames)) + (kind.__name__ if kind else "")


def _log_places_only() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(PlacesOnly("%(levelname)s %(name)s: %(message)s"))
    for name in ("uvicorn", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.WARNING)
