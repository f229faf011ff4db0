"""The one thread that computes, so that the event loop stays free to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """Runs jobs one after the other; an index or a model never sees two threads at once."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="medenc-compute")

    async def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `job`, computed off the event loop."""
        return await asyncio.wrap_future(self._thread.submit(job, *args, **kwargs))

    def close(self) -> None:
        """Finish the running job and drop those that wait."""
        self._thread.shutdown(cancel_futures=True)
