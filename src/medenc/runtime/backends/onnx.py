"""ONNX Runtime on the processor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.runtime.session import Arrays, Precision, held


class Onnx(Plugin):
    """Runs `onnx/model.onnx`, or its int8 form."""

    preference: ClassVar[int] = 1
    files: ClassVar[dict[Precision, str]] = {"fp32": "onnx/model.onnx", "int8": "onnx/model_quantized.onnx"}

    threads: int | None = None
    outputs: tuple[str, ...] = ()
    precision: Precision = "fp32"

    @classmethod
    def present(cls, folder: Path) -> list[Precision]:
        """The ONNX models in `folder`."""
        return held(folder, cls.files)

    def open(self, folder: Path) -> OnnxSession:
        """Load and optimise the graph."""
        try:
            import onnxruntime
        except ModuleNotFoundError:
            raise MedencError(
                "the package onnxruntime is not installed", where=folder, hint="pip install onnxruntime"
            ) from None
        file, settings = folder / self.files[self.precision], onnxruntime.SessionOptions()
        settings.intra_op_num_threads = self.threads or 0  # 0: all that the process may use
        settings.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(str(file), settings, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors have no class of their own
            reason = str(error).strip().splitlines()[0]
            raise MedencError(f"ONNX Runtime cannot read this model: {reason}", where=file) from None
        return OnnxSession(session, self.outputs)


class OnnxSession:
    """A graph under ONNX Runtime; a batch uses all threads, so batches run one after another."""

    def __init__(self, session: Any, outputs: tuple[str, ...]) -> None:
        self.inputs = frozenset(port.name for port in session.get_inputs())
        self._session, self._outputs = session, list(outputs) or [port.name for port in session.get_outputs()]

    def run(self, arrays: Arrays) -> Arrays:
        """One batch."""
        return dict(zip(self._outputs, self._session.run(self._outputs, arrays), strict=True))

    def run_all(self, batches: Iterable[Arrays]) -> Iterator[Arrays]:
        """Batch after batch."""
        return map(self.run, batches)
