"""Strings on disk: one memory-mapped array of UTF-8 and the ends of the strings in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Self

import numpy as np

from medenc.core.errors import MedencError


class Strings:
    """A list of strings whose texts stay on disk until they are asked for."""

    def __init__(self, text: np.ndarray, ends: np.ndarray) -> None:
        """`text` (bytes,) uint8; `ends` (n,) int64."""
        self.text, self.ends = text, ends

    @classmethod
    def of(cls, values: Iterable[str]) -> Self:
        """Pack strings; lone surrogates are no text and a `ValueError`."""
        encoded = [value.encode() for value in values]
        ends = np.fromiter(accumulate(map(len, encoded)), dtype=np.int64, count=len(encoded))
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), ends)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open `names.npy` and `names.ends.npy`. Raises: MedencError when they are missing or do not fit together."""
        try:
            text, ends = (np.load(place, mmap_mode="r", allow_pickle=False) for place in (path, _ends(path)))
        except (ValueError, EOFError, OSError) as error:
            raise MedencError(f"a damaged list of strings: {error}", where=path) from None
        if len(text) != (ends[-1] if len(ends) else 0):
            raise MedencError("a damaged list of strings: text and ends do not fit together", where=path)
        return cls(text, ends)

    def save(self, path: Path) -> None:
        """Write both arrays."""
        np.save(path, self.text)
        np.save(_ends(path), self.ends)

    def select(self, kept: np.ndarray) -> Strings:
        """Those where the (n,) mask is true."""
        return Strings.of(value for value, keep in zip(self, kept, strict=True) if keep)

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, number: int) -> str:
        start = int(self.ends[number - 1]) if number else 0
        return self.text[start : int(self.ends[number])].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        return (self[number] for number in range(len(self)))


def _ends(path: Path) -> Path:
    return path.with_suffix(".ends.npy")
