"""How fast a run is: tokens a second, hours left, and model FLOPs utilisation."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.utils.flop_counter import FlopCounterMode

LARGE = {"cpu": 1024, "cuda": 8192}  # rows and columns of the product that stands for the hardware's speed
TURNS = 3


class Speed:
    """Of the steps since a run began or resumed, in this process.

    Utilisation is the share of the speed of a large matrix product, in the precision of the run and on its hardware,
    that the operations of the steps reach. Operations are those that PyTorch counts in the first step, for each of its
    tokens; with `gradient_checkpointing` what is computed again counts, too. Source: Chowdhery et al. (PaLM), 2022,
    appendix B, who divide by the maker's number instead, which no processor has.
    """

    def __init__(self, first: int, total: int, device: torch.device, *, bf16: bool) -> None:
        """`first` steps of `total` were done before."""
        self._first, self._total = first, total
        self._peak = peak(device, torch.bfloat16 if bf16 else torch.float32)
        self._counted: tuple[float, int] = (0.0, 1)  # operations, and the tokens they were for
        self._began = time.perf_counter()

    @contextmanager
    def counting(self) -> Iterator[list[int]]:
        """Counts the operations of what runs inside; the list takes its tokens."""
        tokens: list[int] = []
        with FlopCounterMode(display=False) as counter:
            yield tokens
        self._counted = float(counter.get_total_flops()), max(1, sum(tokens))

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.perf_counter() - self._began

    def rates(self, step: int, tokens: int) -> dict[str, float]:
        """After `step` (counted from 0), when `tokens` have been read; the hours left are those at this speed."""
        seconds = self.seconds
        operations, counted = self._counted
        return {
            "tokens_per_second": tokens / seconds,
            "hours_left": seconds / (step + 1 - self._first) * (self._total - step - 1) / 3600,
            "utilisation": operations / counted * tokens / seconds / self._peak,
        }


def peak(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of a large matrix product, the fastest of some."""
    size = LARGE.get(device.type, LARGE["cpu"])
    square = torch.ones(size, size, device=device, dtype=dtype)
    return max(2 * size**3 / _seconds(square) for _ in range(TURNS))


def _seconds(square: torch.Tensor) -> float:
    began = time.perf_counter()
    product = square @ square
    float(product[0, 0])  # an accelerator answers when it is done
    return time.perf_counter() - began
