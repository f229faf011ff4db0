"""Listening: one clear line when it cannot, versions changed without a pause, a calm end when it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import uvicorn
from fastapi import FastAPI

from medenc.core.errors import MedencError
from medenc.serve import limits
from medenc.serve.connection import GuardedConnection, Loop
from medenc.serve.security import is_loopback
from medenc.serve.service import Service

logger = logging.getLogger("medenc.serve")


@dataclass(frozen=True)
class Place:
    """Where to listen. Others than this machine are let in only with keys, over TLS or from a proxy that speaks it."""

    host: str = "127.0.0.1"
    port: int = 8765  # 0 takes a free one
    certificate: Path | None = None
    certificate_key: Path | None = None
    behind_proxy: bool = False

    def check(self, *, keys: bool) -> None:
        """Raises: MedencError when others could reach the server without a key, or read what it sends."""
        if (self.certificate is None) != (self.certificate_key is None):
            raise MedencError("TLS needs both --certificate and --certificate-key")
        if self.certificate is not None and self.certificate_key is not None:
            _check_certificate(self.certificate, self.certificate_key)
        if is_loopback(self.host) and not self.behind_proxy:
            return
        reached = "--behind-proxy" if is_loopback(self.host) else f"--host {self.host}"
        if not keys:
            hint = "make one with `medenc key FILE --name NAME`, then --keys FILE"
            raise MedencError("others than this machine need a key", where=reached, hint=hint)
        if self.certificate is None and not self.behind_proxy:
            hint = "--certificate FILE --certificate-key FILE, or --behind-proxy where a proxy speaks TLS"
            raise MedencError("what it sends could be read on the way", where=reached, hint=hint)


def _check_certificate(certificate: Path, key: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "the key has a password"
        raise MedencError(f"cannot use it: {reason}", where=certificate, hint="PEM files without a password") from None


def serve(app: FastAPI, place: Place = Place()) -> None:
    """Serve until SIGINT or SIGTERM; requests that are being answered are finished first, SIGHUP reloads.

    After SIGTERM `/readyz` says 503 at once, and connections are taken a little longer, until whoever sends them has
    seen that; a person who presses Ctrl+C does not wait for it.

    Raises: MedencError when the place is not safe, or is taken.
    """
    service: Service = app.state.service
    place.check(keys=service.generation.served.keys is not None)
    listener = listen(place.host, place.port)
    config = uvicorn.Config(
        app,
        http=GuardedConnection,  # on h11: httptools sets no bound on the length of headers
        loop=f"{Loop.__module__}:{Loop.__qualname__}",
        h11_max_incomplete_event_size=limits.LONGEST_HEADERS_BYTES,
        ws="none",
        access_log=False,  # it would write what people look for
        log_config=None,
        server_header=False,
        proxy_headers=False,
        ssl_certfile=place.certificate,
        ssl_keyfile=place.certificate_key,
        timeout_graceful_shutdown=int(limits.STOP_SECONDS),
    )
    _log_places_only()
    # uvicorn stops at SIGTERM, then sends it again to the handler that it found.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with listener, contextlib.suppress(KeyboardInterrupt):
        Server(config, service, address(listener, tls=place.certificate is not None)).run(sockets=[listener])


class Server(uvicorn.Server):
    """uvicorn's, with reloads and a grace time."""

    def __init__(self, config: uvicorn.Config, service: Service, address: str) -> None:
        super().__init__(config)
        self._service, self._address = service, address
        self._reloads: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, to connections and to SIGHUP, and say so."""
        await super().startup(sockets)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload)
        sys.stderr.write(f"medenc answers at {self._address} (Ctrl+C ends it)\n")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that the end is near, listen on for the grace time, then answer what has come and stop."""
        self._service.draining = True
        if signal.SIGINT not in self._captured_signals:
            await asyncio.sleep(limits.GRACE_SECONDS)
        await super().shutdown(sockets)

    def _reload(self) -> None:
        if len(self._reloads) > 1:  # the one that waits has opened nothing yet: it will find what is newest
            return
        task = asyncio.ensure_future(self._reloaded())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def _reloaded(self) -> None:
        try:
            generation = await self._service.reload()
        except MedencError as error:
            logger.warning("not reloaded, the old generation stays: %s", error)
        else:
            logger.warning("generation %d is served", generation.number)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises: MedencError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named asyncio turns Nagle's algorithm off, which holds every answer's body back for 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(limits.MOST_CONNECTIONS)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "a port is between 0 and 65535"
        raise MedencError(f"cannot listen: {reason}", where=f"{host}:{port}", hint="choose another --port") from None
    return listener


def address(listener: socket.socket, *, tls: bool = False) -> str:
    """The page's address."""
    host, port = listener.getsockname()[:2]
    return f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


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
    for name in ("uvicorn", "asyncio", "concurrent.futures", "medenc"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.WARNING)
