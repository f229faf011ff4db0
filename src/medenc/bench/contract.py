"""What is measured, and how: the job that a process gets, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from medenc.core.options import Options

Texts = list[str]
Encode = Callable[[Texts], Any]
"""Texts to vectors (n, d)."""

BATCH = 32  # texts a batch of the plain loops: what model cards and sentence-transformers take
FIRST = '{"first": true}'  # the line by which a worker says that it has a vector


class System(Protocol):
    """What a plug-in of the kind `system` does."""

    def open(self, folder: Any) -> Encode:
        """Make a model folder ready. Raises: ImportError when the system is not installed."""
        ...


class Job(Options):
    """What one process does."""

    system: dict[str, Any]  # the plug-in with its options
    model: str
    texts: Texts
    queries: Texts  # encoded one by one
    vectors: str  # file for the vectors of `compared`
    compared: Texts


def blocks(texts: Texts, size: int) -> Iterator[Texts]:
    """The texts in lists of `size`."""
    for start in range(0, len(texts), size):
        yield texts[start : start + size]
