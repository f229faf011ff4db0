"""One connection, guarded: uvicorn's HTTP/1.1 protocol with deadlines and bounds that it does not have itself.

A middleware sees a request only when its headers are complete, so whoever sends them slowly has to be met here.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from medenc.serve import limits
from medenc.serve.errors import problem

LAST_REQUEST_SECONDS = 1.0  # after the end of listening, for a connection that has not asked yet


class Loop(asyncio.SelectorEventLoop):
    """asyncio's event loop with a deadline for the beginning of TLS, which else takes up to a minute of silence."""

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        """Listen; a connection that has not agreed on TLS in time is closed."""
        if options.get("ssl") is not None:
            options["ssl_handshake_timeout"] = limits.HEADER_SECONDS
        return await super().create_server(*args, **options)


class GuardedConnection(H11Protocol):
    """Headers come in time, answers are taken in time, and silent connections make room for new ones."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._header_timer: asyncio.TimerHandle | None = None
        self.silent_since = 0.0  # on the loop's clock
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Wait for the first request; too many connections cost the ones that have been silent longest.

        Those that came a moment ago may have asked already: their words are read after the accepting is done.
        """
        super().connection_made(transport)
        self._expect_headers(limits.HEADER_SECONDS)
        silent = [one for one in self.connections if isinstance(one, GuardedConnection) and one.is_silent]
        longest = min(silent, key=lambda one: one.silent_since)
        has_had_time = self.loop.time() - longest.silent_since >= limits.SILENT_SECONDS
        if len(self.connections) > limits.MOST_CONNECTIONS or (len(silent) > limits.MOST_SILENT and has_had_time):
            longest.drop()

    @property
    def is_silent(self) -> bool:
        """Whether it is waited for the headers of a request."""
        return self._header_timer is not None

    def drop(self) -> None:
        """End a silent connection at once."""
        self._stop("_header_timer")
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Give the data on; from the first byte of a request its headers have a deadline."""
        super().data_received(data)
        if self._is_answering:
            self._stop("_header_timer")
        elif not self.is_silent:
            self._expect_headers(limits.HEADER_SECONDS)

    def on_response_complete(self) -> None:
        """A kept connection is idle, which uvicorn's own timer ends."""
        self._stop("_header_timer")
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        self._stop("_header_timer")
        self._stop("_write_timer")
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client takes its answer too slowly for now."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(limits.READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client takes its answer again."""
        self._stop("_write_timer")
        super().resume_writing()

    def shutdown(self) -> None:
        """The server ends: whoever has connected and not asked yet may still do so, at once."""
        if self.cycle is None and not self.transport.is_closing():
            self._stop("_header_timer")
            self._expect_headers(LAST_REQUEST_SECONDS)
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 (uvicorn's own words)
        """Refuse what is not HTTP, or headers that are too long, in the form of all our errors."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):  # an answer is on its way already
            self.transport.abort()
            return
        waiting, _ = self.conn.trailing_data
        long = len(waiting) > limits.LONGEST_HEADERS_BYTES
        answer = (
            problem(431, "headers_too_long", f"the headers are longer than {limits.LONGEST_HEADERS_BYTES} bytes")
            if long
            else problem(400, "not_http", "this is not an HTTP request")
        )
        headers = [*answer.raw_headers, (b"connection", b"close")]
        for event in (
            h11.Response(status_code=answer.status_code, headers=headers),
            h11.Data(data=bytes(answer.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect_headers(self, seconds: float) -> None:
        self.silent_since = self.loop.time()
        self._header_timer = self.loop.call_later(seconds, self.drop)

    def _stop(self, name: str) -> None:
        timer: asyncio.TimerHandle | None = getattr(self, name)
        if timer is not None:
            timer.cancel()
            setattr(self, name, None)
