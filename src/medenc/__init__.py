"""medenc: train, measure, search with and serve text encoders for medical Korean, Chinese and English."""

from __future__ import annotations

__version__ = "0.1.0"
