"""What is installed, what runs and what is missing."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from medenc import __version__

NEEDED_FOR = {
    "search and indexing": ["numpy", "pyarrow", "lancedb", "kiwipiepy", "rjieba", "opencc"],
    "encoding": ["tokenizers", "safetensors", "openvino"],
    "evaluation": ["ir-measures"],
    "serving (medenc[serve])": ["fastapi", "uvicorn"],
    "training (medenc[train])": ["torch", "transformers", "accelerate", "tensorboard"],
}


def report() -> str:
    """A few lines for a person, or for a bug report; nothing of the user's data is in them."""
    lines = [f"medenc {__version__}  Python {platform.python_version()}  {platform.system()} {platform.machine()}"]
    lines += [
        f"{purpose}: {', '.join(_found(package) for package in packages)}" for purpose, packages in NEEDED_FOR.items()
    ]
    return "\n".join([*lines, f"processor: {os.cpu_count()} cores, {_integer_products()}"])


def _found(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} MISSING"


def _integer_products() -> str:
    """Which fast integer and bf16 products this processor has (Linux names)."""
    cpuinfo = Path("/proc/cpuinfo")
    flags = set(cpuinfo.read_text().split()) if cpuinfo.exists() else set()
    known = {
        "avx512_vnni": "int8 (VNNI)",
        "avx_vnni": "int8 (VNNI)",
        "amx_bf16": "bf16 (AMX)",
        "avx512_bf16": "bf16 (AVX-512)",
    }
    return ", ".join(sorted({name for flag, name in known.items() if flag in flags})) or "no fast int8 or bf16"
