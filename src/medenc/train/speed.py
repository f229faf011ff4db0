"""How fast a run is: tokens a second, hours left, and model FLOPs utilisation."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

LARGE = {"cpu": 1024, "cuda": 8192}  # rows and columns of the product that stands for the hardware's speed
TURNS = 3


def _attention(query: torch.Size, key: torch.Size, value: torch.Size, *_: object, **__: object) -> int:
    return int(sdpa_flop_count(query, key, value))


def _attention_backward(
    gradient: torch.Size, query: torch.Size, key: torch.Size, value: torch.Size, *_: object, **__: object
) -> int:
    return int(sdpa_backward_flop_count(gradient, query, key, value))


_ATTENTION = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
}
"""Attention without dropout on a processor, which PyTorch 2.13 does not count."""


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
        self._operations = self._each = 0.0  # that were counted, and for each token
        self._began = time.perf_counter()

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Counts the operations of what runs inside."""
        with FlopCounterMode(display=False, custom_mapping=_ATTENTION) as counter:
            yield
        self._operations = float(counter.get_total_flops())

    def counted(self, tokens: int) -> None:
        """That many tokens the operations were for."""
        self._each = self._operations / max(1, tokens)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.perf_counter() - self._began

    def rates(self, step: int, tokens: int) -> dict[str, float]:
        """After `step` (counted from 0), when `tokens` have been read; the hours left are those at this speed."""
        seconds = self.seconds
        return {
            "tokens_per_second": tokens / seconds,
            "hours_left": seconds / (step + 1 - self._first) * (self._total - step - 1) / 3600,
            "utilisation": self._each * tokens / seconds / self._peak,
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
