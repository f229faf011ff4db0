"""Metrics for Prometheus: numbers and names of routes, nothing that was sent."""

from __future__ import annotations

from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from medenc.serve import limits
from medenc.serve.queue import Batch, Queue

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1, 2, 4, 8, 16, 32, 64)
NO_ROUTE = "none"  # a path of ours never has this name


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        own = self._registry = CollectorRegistry()
        ProcessCollector(registry=own)
        self.requests = Counter("medenc_requests", "Requests by route and status", ("route", "status"), registry=own)
        self.seconds = Histogram(
            "medenc_request_seconds", "Time to the answer", ("route",), buckets=SECONDS, registry=own
        )
        self.texts = Counter("medenc_computed_texts", "Texts computed", registry=own)
        self.tokens = Counter("medenc_computed_tokens", "Tokens computed, estimated", registry=own)
        self.batch_texts = Histogram("medenc_batch_texts", "Texts in a batch", buckets=SIZES, registry=own)
        self.batch_seconds = Histogram("medenc_batch_seconds", "Time to compute a batch", buckets=SECONDS, registry=own)
        self.wait_seconds = Histogram("medenc_wait_seconds", "Time in the queue", buckets=SECONDS, registry=own)
        self.generation = Gauge("medenc_generation", "Number of what is being served", registry=own)
        self.reloads = Counter("medenc_reloads", "Reloads by outcome", ("outcome",), registry=own)
        self.queue = Gauge("medenc_queue", "What waits or is computed", ("unit",), registry=own)
        capacity = Gauge("medenc_queue_capacity", "What may wait", ("unit",), registry=own)
        capacity.labels("texts").set(limits.QUEUE_TEXTS)
        capacity.labels("tokens").set(limits.QUEUE_TOKENS)

    def watch(self, queue: Queue) -> None:
        """Show the queue as it is at the moment of asking."""
        self.queue.labels("texts").set_function(lambda: queue.texts)
        self.queue.labels("tokens").set_function(lambda: queue.tokens)

    def batch(self, batch: Batch) -> None:
        """Count a computed batch."""
        self.texts.inc(batch.texts)
        self.tokens.inc(batch.tokens)
        self.batch_texts.observe(batch.texts)
        self.batch_seconds.observe(batch.seconds)
        for seconds in batch.waited:
            self.wait_seconds.observe(seconds)

    def text(self) -> bytes:
        """All of them in Prometheus's text format."""
        return generate_latest(self._registry)


class Counting:
    """Middleware: counts every request once, by the route that took it and the status that left."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = perf_counter(), 500  # what an error that nobody caught becomes

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", NO_ROUTE)
            self.metrics.requests.labels(route, status).inc()
            self.metrics.seconds.labels(route).observe(perf_counter() - began)
