"""medenc: train, measure, search with and serve text encoders for medical Korean, Chinese and English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medenc.api import load, open_index, pipeline

__version__ = "0.1.0"
__all__ = ["load", "open_index", "pipeline"]


def __getattr__(name: str) -> Any:
    """`medenc.load` and its like, imported when first asked for (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'medenc' has no attribute '{name}'")
    from medenc import api

    return getattr(api, name)
