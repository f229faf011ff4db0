"""Work shared among processes, its results in the order of the work."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from typing import Any, TypeVar

from medenc.core.errors import MedencError

T = TypeVar("T")
R = TypeVar("R")
_WAITING = 2  # pieces of work handed out for each process: one that it does, one that lies ready


def ordered(
    work: Callable[[T], R], items: Iterable[T], workers: int, start: Callable[..., None], given: tuple[Any, ...]
) -> Iterator[R]:
    """Yield `work(item)` for every item; each process first calls `start(*given)`. One worker is this process itself.

    A few items at a time are held. Raises: MedencError when a process is killed.
    """
    if workers == 1:
        start(*given)
        yield from map(work, items)
        return
    context = get_context("spawn")  # a fork would copy the tokenizer's threads, locked
    with ProcessPoolExecutor(workers, context, _begin, (start, *given)) as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= _WAITING * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise MedencError(
                "a worker was killed, most often for want of memory", hint="start again with fewer --workers"
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _begin(start: Callable[..., None], *given: Any) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    start(*given)


def _end_with_parent() -> None:
    """A parent that was killed cannot end its workers."""
    if parent := parent_process():
        connection.wait([parent.sentinel])
        os._exit(1)
