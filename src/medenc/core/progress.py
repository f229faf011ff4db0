"""Progress bars on stderr for work that takes longer than a breath."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def visible() -> bool:
    """Whether somebody is there to look: stderr is a terminal and MEDENC_PROGRESS is not 0."""
    return sys.stderr.isatty() and os.environ.get("MEDENC_PROGRESS", "1") != "0"


def track(items: Iterable[T], title: str, total: int | None = None) -> Iterator[T]:
    """Yield `items` under a progress bar called `title`; `total` defaults to their length, if they have one."""
    if not visible():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track as rich_track

    yield from rich_track(items, description=title, total=total, console=Console(stderr=True))


def colour() -> bool:
    """Whether stdout is a terminal that wants colour (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
