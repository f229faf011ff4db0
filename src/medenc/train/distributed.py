"""Devices, precision and processes: what accelerate is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
from accelerate import Accelerator, InitProcessGroupKwargs
from accelerate.state import AcceleratorState
from torch import Tensor

from medenc.core.errors import MedencError
from medenc.train.options import FitOptions

T = TypeVar("T")
PATIENCE = timedelta(days=1)  # the first process measures and saves alone; ten minutes, the default, may not do


def accelerator(options: FitOptions) -> Accelerator:
    """An accelerator for the hardware at hand; threads and random numbers are set on the way."""
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    AcceleratorState._reset_state()  # it would refuse another precision than that of an earlier run in this process
    return Accelerator(
        kwargs_handlers=[InitProcessGroupKwargs(timeout=PATIENCE)],
        mixed_precision="bf16" if _bf16(options) else "no",
        gradient_accumulation_steps=1,  # the loop accumulates itself, over whole batches
    )


def describe(accelerate: Accelerator) -> dict[str, str | int]:
    """The part of a run's contract that the machine decides: other values give other bits."""
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "device": accelerate.device.type,
        "precision": accelerate.mixed_precision,
        "processes": accelerate.num_processes,
    }


def agreed(accelerate: Accelerator, signal: int | None) -> int:
    """The signal that any process was sent, 0 without one: all must stop after the same step."""
    return max(collected(accelerate, signal or 0))


def collected(accelerate: Accelerator, value: T) -> list[T]:
    """The value of every process, in the order of ranks."""
    if accelerate.num_processes == 1:
        return [value]
    values: list[Any] = [None] * accelerate.num_processes
    torch.distributed.all_gather_object(values, value)
    return values


def added(accelerate: Accelerator, parts: Mapping[str, Tensor]) -> dict[str, float]:
    """Sums over the processes of numbers that each has a part of."""
    total = torch.stack([part.detach().float() for part in parts.values()])
    return dict(zip(parts, accelerate.reduce(total, "sum").tolist(), strict=True))


def multiplies_bf16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the hardware multiplies in bf16; elsewhere it is emulated, at a fraction of the speed of fp32.

    Args:
        cpuinfo: where Linux names what the processor can, asked where there is no accelerator.
    """
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return cpuinfo.is_file() and any(flag in cpuinfo.read_text() for flag in ("amx_bf16", "avx512_bf16"))


def _bf16(options: FitOptions) -> bool:
    fast = multiplies_bf16()
    if options.precision == "bf16" and not fast:
        raise MedencError("bf16 is slower than fp32 on this hardware", where="precision", hint="use auto")
    return fast and options.precision != "fp32"
