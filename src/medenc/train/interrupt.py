"""SIGTERM and Ctrl-C as a request that the loop answers between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Request:
    """The signal that asked the run to stop, if one did."""

    signal: int | None = None

    def receive(self, number: int, _: FrameType | None) -> None:
        """Note the signal; a second one acts at once."""
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number


@contextmanager
def listening() -> Iterator[Request]:
    """Catch SIGTERM and SIGINT in this block (in the main thread; others are never sent them)."""
    request = Request()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    previous = {number: signal.signal(number, request.receive) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield request
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
