"""OpenVINO: the default backend on processors.

Two compiled models share one graph: a latency one (all threads on one batch) and a throughput one (one batch a stream,
asynchronously). Each is compiled when first needed, because a single query must not pay for both.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.runtime.offline import import_openvino
from medenc.runtime.session import Arrays, Precision, held


class OpenVino(Plugin):
    """Runs `openvino/openvino_model.xml`, or its int8 form."""

    preference: ClassVar[int] = 0
    files: ClassVar[dict[Precision, str]] = {  # the names under which sentence-transformers looks for them
        "fp32": "openvino/openvino_model.xml",
        "int8": "openvino/openvino_model_qint8_quantized.xml",
    }

    threads: int | None = None
    outputs: tuple[str, ...] = ()
    precision: Precision = "fp32"

    @classmethod
    def present(cls, folder: Path) -> list[Precision]:
        """The OpenVINO models in `folder`."""
        return held(folder, cls.files)

    def open(self, folder: Path) -> OpenVinoSession:
        """Read the graph; compilation waits for the first use."""
        openvino = import_openvino()
        core, file = openvino.Core(), folder / self.files[self.precision]
        try:
            model = core.read_model(file)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise MedencError(f"OpenVINO cannot read this model: {reason}", where=file) from None
        _keep_outputs(model, self.outputs)
        return OpenVinoSession(core, model, self.threads or len(os.sched_getaffinity(0)))


class OpenVinoSession:
    """A graph compiled for latency, for throughput, or for both."""

    def __init__(self, core: Any, model: Any, threads: int) -> None:
        self.inputs = frozenset(port.get_any_name() for port in model.inputs)
        self._core, self._model, self._threads = core, model, threads
        self._compiled: dict[str, Any] = {}
        self._idle: deque[Any] = deque(maxlen=threads)
        self._lock = Lock()

    def run(self, arrays: Arrays) -> Arrays:
        """One batch on all threads; requests are kept for the next, since making one costs a tenth of a short query."""
        compiled = self._compile("LATENCY")
        try:
            request = self._idle.pop()
        except IndexError:  # the first, or another thread has it
            request = compiled.create_infer_request()
        request.infer(arrays, share_inputs=True)
        found = _outputs(request)
        self._idle.append(request)
        return found

    def run_all(self, batches: Iterable[Arrays]) -> Iterator[Arrays]:
        """Batches in flight on every stream, with one more waiting each, answered in their order.

        Plain requests instead of OpenVINO's queue: its callbacks need Python's lock on the threads that the end of a
        model waits for, and the two wait for each other.
        """
        compiled = self._compile("THROUGHPUT")
        streams = int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        idle = [compiled.create_infer_request() for _ in range(2 * streams)]
        busy: deque[tuple[Any, Arrays]] = deque()  # with the inputs, which are shared and must outlive the run
        try:
            for arrays in batches:
                if not idle:
                    yield _wait(busy[0][0])
                    idle.append(busy.popleft()[0])
                busy.append((idle.pop(), arrays))
                busy[-1][0].start_async(arrays, share_inputs=True)
            while busy:
                yield _wait(busy[0][0])
                busy.popleft()
        finally:
            for request, _ in busy:  # a caller who left early
                request.wait()

    def _compile(self, hint: str) -> Any:
        with self._lock:
            if hint not in self._compiled:
                options = {
                    "PERFORMANCE_HINT": hint,
                    "INFERENCE_NUM_THREADS": self._threads,
                    "INFERENCE_PRECISION_HINT": "f32",  # else a processor with AMX would round to bfloat16
                }
                self._compiled[hint] = self._core.compile_model(self._model, "CPU", options)
            return self._compiled[hint]


def _keep_outputs(model: Any, names: tuple[str, ...]) -> None:
    """Take unwanted results out of the graph, so that nobody copies them."""
    for result in list(model.get_results()):
        if names and not result.output(0).get_tensor().get_names() & set(names):
            model.remove_result(result)


def _wait(request: Any) -> Arrays:
    request.wait()
    return _outputs(request)


def _outputs(request: Any) -> Arrays:
    """Arrays of the caller's own: `results` copies, so the request may run again."""
    return {port.get_any_name(): array for port, array in request.results.items()}
