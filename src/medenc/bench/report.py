"""A measurement of encoding as a Markdown table and as a chart."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from medenc.core.files import write_bytes, write_json

HEAD = (
    "system",
    "texts/s",
    "×",
    "× processor time",
    "query p50 / p99",
    "first vector",
    "peak memory",
    "cosine, least",
    "of the ceiling",
)
LABEL, BAR, RIGHT, ROW, TOP = 250, 360, 90, 24, 34  # pixels
OURS, OTHERS, INK = "#b45309", "#94a3b8", "#475569"


def write(report: Mapping[str, Any], out: Path) -> None:
    """Write `out` with the endings .json, .md and .svg."""
    out.parent.mkdir(parents=True, exist_ok=True)
    write_json(out.with_suffix(".json"), report)
    write_bytes(out.with_suffix(".md"), markdown(report).encode())
    write_bytes(out.with_suffix(".svg"), chart(report).encode())


def markdown(report: Mapping[str, Any]) -> str:
    """The measurement in words and a table."""
    tokens, machine = report["texts"]["tokens"], report["machine"]
    ceilings = ", ".join(f"{value / 1e9:,.0f} G {name}" for name, value in machine["ceilings"].items())
    lines = [
        f"{_size(report)}; {report['texts']['count']:,} texts of {tokens['median']:.0f} tokens (median), "
        f"{tokens['mean']:.0f} (mean), at most {tokens['longest']}; {machine['cores']} cores, load {machine['load']}; "
        f"medians of {report['rounds']} rounds.",
        f"The machine's ceiling in large products, operations a second: {ceilings}.",
        "",
        *(f"| {' | '.join(cells)} |" for cells in (HEAD, ("---",) * len(HEAD))),
        *(f"| {' | '.join(_row(name, own))} |" for name, own in report["systems"].items()),
    ]
    left_out = [f"{name}: left out, {why}" for name, why in report["left_out"].items()]
    return "\n".join([*lines, *(["", *left_out] if left_out else [])]) + "\n"


def chart(report: Mapping[str, Any]) -> str:
    """Texts a second as bars; a picture that stands by itself."""
    systems = sorted(report["systems"].items(), key=lambda one: -one[1]["texts_per_second"])
    most = systems[0][1]["texts_per_second"]
    width, height = LABEL + BAR + RIGHT, TOP + ROW * len(systems) + 8
    title = f"Texts a second, {_size(report)}"
    bars = [_bar(place, name, own["texts_per_second"], most) for place, (name, own) in enumerate(systems)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'font-family="sans-serif" font-size="13" fill="{INK}"><title>{escape(title)}</title>'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/><text x="8" y="20" font-weight="bold">{title}</text>'
        f"{''.join(bars)}</svg>\n"
    )


def _bar(place: int, name: str, value: float, most: float) -> str:
    y, length = TOP + place * ROW, BAR * value / most
    colour = OURS if name.startswith("medenc") else OTHERS
    return (
        f'<text x="{LABEL - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>'
        f'<rect x="{LABEL}" y="{y + 3}" width="{length:.1f}" height="{ROW - 8}" rx="2" fill="{colour}"/>'
        f'<text x="{LABEL + length + 6:.1f}" y="{y + 15}">{value:,.1f}</text>'
    )


def _row(name: str, own: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        name,
        f"{own['texts_per_second']:,.1f}",
        *("–" if own[name] is None else f"{own[name]:.2f}" for name in ("times", "processor_times")),
        f"{own['query_ms']['p50']:.1f} / {own['query_ms']['p99']:.1f} ms",
        f"{own['cold_seconds']:.2f} s",
        f"{own['peak_bytes'] / 2**20:,.0f} MiB",
        "–" if own["cosine"] is None else f"{own['cosine']['least']:.6f}",
        f"{own['share_of_ceiling']:.0%}",
    )


def _size(report: Mapping[str, Any]) -> str:
    return f"{report['model']['layers']} × {report['model']['hidden']}"
