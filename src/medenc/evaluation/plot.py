"""Scores with their intervals as SVG that stands by itself: no script, no font, no outside resource."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

LABEL, WIDTH, RIGHT = 190, 720, 56  # pixels: of the row labels, of the whole, and of the figures at the right
ROW, GAP, AXIS = 20, 10, 26  # pixels: a mark's row, between groups, the axis below


@dataclass(frozen=True)
class Mark:
    """A score from 0 to 1 with its interval; marks of one series share a colour."""

    series: int
    name: str
    value: float
    low: float
    high: float


def intervals(title: str, groups: Sequence[tuple[str, Sequence[Mark]]]) -> str:
    """A dot plot: for each (label, marks) a group of rows, a mark a row, on an axis from 0 to 1."""
    rows, top = list[str](), GAP
    for label, marks in groups:
        middle = top + len(marks) * ROW / 2
        rows.append(f'<text x="{LABEL - 12}" y="{middle:g}" class="label">{escape(label)}</text>')
        for mark in marks:
            rows.append(_mark(mark, top + ROW / 2))
            top += ROW
        top += GAP
    return (
        f'<svg viewBox="0 0 {WIDTH} {top + AXIS}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(_axis(top))}{''.join(rows)}</svg>"
    )


def _axis(bottom: float) -> Iterator[str]:
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        x = _x(tick)
        yield f'<line x1="{x:g}" x2="{x:g}" y1="0" y2="{bottom:g}" class="grid"/>'
        yield f'<text x="{x:g}" y="{bottom + 16:g}" class="tick">{tick:g}</text>'


def _mark(mark: Mark, y: float) -> str:
    words = f"{mark.name}: {mark.value:.3f}, interval {mark.low:.3f} to {mark.high:.3f}"
    return (
        f'<g class="s{mark.series % 6}"><title>{escape(words)}</title>'
        f'<line x1="{_x(mark.low):.1f}" x2="{_x(mark.high):.1f}" y1="{y:g}" y2="{y:g}"/>'
        f'<circle cx="{_x(mark.value):.1f}" cy="{y:g}" r="4.5"/>'
        f'<text x="{WIDTH - RIGHT + 14}" y="{y:g}">{mark.value:.3f}</text></g>'
    )


def _x(value: float) -> float:
    return LABEL + min(max(value, 0.0), 1.0) * (WIDTH - LABEL - RIGHT)


SIDE, MARGIN = 320, 48  # pixels: of a curve's square, and for its axes
Points = Sequence[tuple[float, float]]


def curve(title: str, across: str, up: str, lines: Sequence[tuple[str, Points]]) -> str:
    """Lines through points in the unit square; `across` and `up` name the axes."""
    size = SIDE + 2 * MARGIN
    parts = [f'<text x="{MARGIN + SIDE / 2:g}" y="{size - 8}" class="tick">{escape(across)}</text>']
    parts.append(f'<text x="8" y="{MARGIN / 2:g}">{escape(up)}</text>')
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = MARGIN + tick * SIDE, MARGIN + (1 - tick) * SIDE
        parts.append(f'<line x1="{x:g}" x2="{x:g}" y1="{MARGIN}" y2="{MARGIN + SIDE}" class="grid"/>')
        parts.append(f'<line x1="{MARGIN}" x2="{MARGIN + SIDE}" y1="{y:g}" y2="{y:g}" class="grid"/>')
        parts.append(f'<text x="{x:g}" y="{MARGIN + SIDE + 14:g}" class="tick">{tick:g}</text>')
        parts.append(f'<text x="{MARGIN - 8}" y="{y:g}" class="label">{tick:g}</text>')
    parts += [_line(place, name, points) for place, (name, points) in enumerate(lines)]
    return (
        f'<svg viewBox="0 0 {size} {size}" style="max-width:28rem" role="img" aria-label="{escape(title)}">'
        f'<title>{escape(title)}</title>{"".join(parts)}</svg><p class="soft">{escape(title)}</p>'
    )


def _line(series: int, name: str, points: Points) -> str:
    placed = [(MARGIN + x * SIDE, MARGIN + (1 - y) * SIDE) for x, y in points]
    segments = "".join(
        f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}"/>' for a, b in pairwise(placed)
    )
    return f'<g class="s{series % 6}"><title>{escape(name)}</title>{segments}</g>'
