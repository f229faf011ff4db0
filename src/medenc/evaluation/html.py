"""The frame of reports: one HTML page that is read without a network, its tables and its figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1c2530; --soft: #5d6b7a; --rule: #d9dfe6; --back: #fff; --warn: #fdf1d7;
  --s0: #0068a8; --s1: #c2500a; --s2: #007a5a; --s3: #8f3f97; --s4: #7a6a00; --s5: #5d6b7a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --soft: #9aa8b6; --rule: #35404c; --back: #12181f;
  --warn: #3d3216; --s0: #62b5f0; --s1: #f29a5c; --s2: #4fc9a4; --s3: #d39ada; --s4: #d8c65a; --s5: #9aa8b6; } }
* { box-sizing: border-box } body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 56rem; color: var(--ink);
  background: var(--back); font: 15px/1.55 system-ui, sans-serif }
h1 { font-size: 1.7rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2.4rem 0 .6rem } h3 { font-size: 1rem }
p { max-width: 46rem } .soft, caption { color: var(--soft) } .note { padding: .7rem 1rem; border-radius: 6px;
  border: 1px solid var(--rule) } .warn { background: var(--warn) } .wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums } caption { text-align: left; padding: .2rem 0 }
th, td { padding: .32rem .9rem .32rem 0; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap }
th:first-child, td:first-child, .left { text-align: left } th { font-weight: 600; color: var(--soft) }
svg { width: 100%; max-width: 45rem; height: auto } svg text { font-size: 12px; fill: var(--ink);
  dominant-baseline: middle } svg .label { text-anchor: end } svg .tick { text-anchor: middle; fill: var(--soft) }
svg .grid { stroke: var(--rule) } svg g line { stroke-width: 2 }
""" + "\n".join(
    f".s{i} line {{ stroke: var(--s{i}) }} .s{i} circle {{ fill: var(--s{i}) }} b.s{i} {{ color: var(--s{i}) }}"
    for i in range(6)
)


def frame(title: str, body: Iterable[str]) -> str:
    """A whole page; `body` is HTML, `title` is text."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are escaped already."""
    head = "".join(f"<th>{cell}</th>" for cell in header)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def with_interval(value: float, interval: Sequence[float], sign: str = "") -> str:
    """A value with its interval behind it."""
    return f'{value:{sign}.3f} <span class="soft">{interval[0]:{sign}.3f} to {interval[1]:{sign}.3f}</span>'
