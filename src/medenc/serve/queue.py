"""The one queue: what waits is bounded in texts and tokens, what is alike is computed together.

A request is split into its texts, and a batch takes texts of all waiting requests that ask for the same work. A
request that does not fit into one batch goes on behind the others, so a long one cannot hold short ones up. One thread
computes, so no work is ever run beside another one; what computes nothing (a document, the map) goes past the queue.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import RLock
from time import perf_counter
from typing import Any

from medenc.serve import limits

Work = Callable[[list[Any]], Sequence[Any]]
"""Turns items into as many results; equal works may be run on the items of several requests at once."""

SPEED_MEMORY = 0.8  # of the speed known so far, beside the last batch's


class FullError(Exception):
    """The queue takes no more now; `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("the queue is full")
        self.retry_after = retry_after


class TooLargeError(Exception):
    """A request that the queue could not take even when it is empty."""


@dataclass(frozen=True)
class Batch:
    """What was computed together, for the metrics."""

    texts: int
    tokens: int
    requests: int
    seconds: float
    waited: list[float]  # seconds, of each request that began in it


@dataclass(eq=False)
class Job:
    """A request in the queue."""

    work: Work
    items: Sequence[Any]
    weights: Sequence[int]  # tokens of each item, estimated
    future: Future[list[Any]] = field(default_factory=Future)
    results: list[Any] = field(default_factory=list)
    submitted: float = field(default_factory=perf_counter)
    taken: int = 0  # items that are computed or being computed
    alone: bool = False  # its batch failed: whose item it was shows when each is computed by itself

    @property
    def open(self) -> tuple[int, int]:
        """Texts and tokens without a result."""
        return len(self.items) - len(self.results), sum(self.weights[len(self.results) :])


def weight(text: str) -> int:
    """About how many tokens a text has, without a tokenizer: a CJK character is one, four Latin letters are one."""
    return len(text.encode()) // 3 + 2


class Queue:
    """Waiting requests and the thread that computes them; any thread but the computing one may `close`."""

    def __init__(self, report: Callable[[Batch], None] = lambda _: None) -> None:
        self._report = report
        self._jobs: deque[Job] = deque()
        self._open: set[Job] = set()
        self._lock = RLock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="medenc-compute")
        self._busy = False
        self._seconds_per_token = 0.0
        self.texts = self.tokens = 0  # without a result

    def submit(self, work: Work, items: Sequence[Any], weights: Sequence[int]) -> Future[list[Any]]:
        """The results of `work` on `items`, later; cancel the future to give the place back.

        Raises: FullError, or TooLargeError for what never fits.
        """
        job = Job(work, items, weights)
        texts, tokens = job.open
        if texts > limits.QUEUE_TEXTS or tokens > limits.QUEUE_TOKENS:
            raise TooLargeError
        with self._lock:
            wait = self.tokens * self._seconds_per_token
            full = self.texts + texts > limits.QUEUE_TEXTS or self.tokens + tokens > limits.QUEUE_TOKENS
            if full or wait > limits.LONGEST_WAIT_SECONDS:
                raise FullError(max(1, math.ceil(wait)))
            self._jobs.append(job)
            self._open.add(job)
            self._count(texts, tokens)
            self._start()
        job.future.add_done_callback(partial(self._leave, job))
        return job.future

    def close(self) -> None:
        """Finish the running batch and cancel what waits."""
        with self._lock:
            waiting = list(self._open)
        for job in waiting:
            job.future.cancel()
        self._thread.shutdown(cancel_futures=True)

    def _start(self) -> None:
        """Compute the next batch, if the thread is idle."""
        if self._busy or not self._jobs:
            return
        self._busy = True
        parts = self._take()
        items = [item for job, start, stop in parts for item in job.items[start:stop]]
        done = self._thread.submit(parts[0][0].work, items)
        done.add_done_callback(partial(self._finish, parts, perf_counter()))

    def _take(self) -> list[tuple[Job, int, int]]:
        """The first request's work: its items, and those of others that ask for the same, as many as a batch holds."""
        head = self._jobs[0]
        alike = [head] if head.alone else [job for job in self._jobs if job.work == head.work and not job.alone]
        parts, texts, tokens = [], 0, 0
        for job in alike:
            start = job.taken
            while job.taken < len(job.items) and (
                not texts or (texts < limits.BATCH_TEXTS and tokens + job.weights[job.taken] <= limits.BATCH_TOKENS)
            ):
                texts, tokens = texts + 1, tokens + job.weights[job.taken]
                job.taken += 1
            if job.taken > start:
                parts.append((job, start, job.taken))
                self._jobs.remove(job)
                if job.taken < len(job.items):
                    self._jobs.append(job)
        return parts

    def _finish(self, parts: list[tuple[Job, int, int]], began: float, done: Future[Sequence[Any]]) -> None:
        """Hand the results of a batch out and begin the next one.

        Runs in the computing thread or, when the batch was done before its callback was set, in the one that began it.
        """
        if done.cancelled():  # closed before it began
            return
        seconds = perf_counter() - began
        finished, failed = [], []
        with self._lock:
            self._busy = False
            if error := done.exception():
                error = error if isinstance(error, Exception) else RuntimeError(type(error).__name__)  # a Rust panic
                failed = self._retried(parts)
            else:
                finished = self._filled(parts, iter(done.result()))
                self._learn(seconds, parts)
            self._start()
        for job in finished:
            if job.future.set_running_or_notify_cancel():
                job.future.set_result(job.results)
        for job in failed:
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(error)

    def _filled(self, parts: list[tuple[Job, int, int]], results: Iterable[Any]) -> list[Job]:
        """Give the results to their requests; those that have all."""
        results = iter(results)
        for job, start, stop in parts:
            job.results += [next(results) for _ in range(start, stop)]
            if job in self._open:
                self._count(start - stop, -sum(job.weights[start:stop]))
        return [job for job, _, stop in parts if stop == len(job.items)]

    def _retried(self, parts: list[tuple[Job, int, int]]) -> list[Job]:
        """After an error: each request again by itself; the one that was by itself has failed, with all its items."""
        if len(parts) == 1:
            failed = parts[0][0]
            if failed in self._jobs:  # or the next batch would compute, and answer, what has failed
                self._jobs.remove(failed)
            return [failed]
        for job, start, _ in reversed(parts):
            if job in self._jobs:
                self._jobs.remove(job)
            if job in self._open:
                job.taken, job.alone = start, True
                self._jobs.appendleft(job)
        return []

    def _leave(self, job: Job, _: Future[list[Any]]) -> None:
        """Give back what a request still holds when it is answered or given up."""
        with self._lock:
            if job in self._jobs:
                self._jobs.remove(job)
            self._open.discard(job)
            texts, tokens = job.open
            self._count(-texts, -tokens)

    def _count(self, texts: int, tokens: int) -> None:
        self.texts, self.tokens = self.texts + texts, self.tokens + tokens

    def _learn(self, seconds: float, parts: list[tuple[Job, int, int]]) -> None:
        tokens = sum(sum(job.weights[start:stop]) for job, start, stop in parts)
        now = seconds / max(1, tokens)
        known = self._seconds_per_token or now
        self._seconds_per_token = SPEED_MEMORY * known + (1 - SPEED_MEMORY) * now
        texts = sum(stop - start for _, start, stop in parts)
        waited = [perf_counter() - seconds - job.submitted for job, start, _ in parts if start == 0]
        self._report(Batch(texts, tokens, len(parts), seconds, waited))
