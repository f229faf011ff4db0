"""Which of several processes this one is, where a launcher such as torchrun started more than one."""

from __future__ import annotations

import os


def count() -> int:
    """How many processes run this program together; 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """The number of this process, from 0."""
    return int(os.environ.get("RANK", "0"))
