"""Measuring speed on the machine at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from medenc.cli.app import Json, app, emit
from medenc.core.errors import MedencError

BENCHMARKS = ("encode",)


@app.command()
def bench(
    target: Annotated[str, typer.Argument(metavar="NAME|MODEL", help="The benchmark `encode`, or a model folder.")],
    texts: Annotated[
        Path | None, typer.Argument(help="A text a line, or JSON lines [pieces of the bundled sample].")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many texts, at most.")] = 2000,
    rounds: Annotated[int, typer.Option(min=1, help="Times that every system is started; medians are shown.")] = 3,
    size: Annotated[
        Literal["small", "base"] | None,
        typer.Option(help="The random model of `encode`: 6 × 384 or 12 × 768 [small].", show_default=False),
    ] = None,
    python: Annotated[
        list[str] | None, typer.Option(metavar="SYSTEM=PYTHON", help="The interpreter that has a system's packages.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write this with the endings .json, .md and .svg.")] = None,
    as_json: Json = False,
) -> None:
    """Time encoding: `encode` beside other systems on random weights, a model folder under all that it can run on."""
    import tempfile

    from medenc.bench import encoding, report
    from medenc.bench.material import mixed_lengths

    if size and target not in BENCHMARKS:
        raise MedencError("a model folder has its own size", where="--size", hint="leave it out")
    given = _given(texts, count) if texts else mixed_lengths(count)
    pythons = {name: Path(path) for name, _, path in (pair.partition("=") for pair in python or [])}
    with tempfile.TemporaryDirectory() as folder:
        named = target in BENCHMARKS
        model = Path(folder) / "model" if named else Path(target)
        if named:
            from medenc.bench.random_model import make_model  # torch, which a finished model does without

            make_model(size or "small", model)
        systems = {**(encoding.PEERS if named else {}), **encoding.ours(model)}
        measured = encoding.measure(model, given, systems, rounds, pythons)
    if out:
        report.write(measured, out)
    emit(measured if as_json else report.markdown(measured).rstrip())


def _given(path: Path, count: int) -> list[str]:
    """The first texts of a user's file."""
    from itertools import islice

    from medenc.data.reading import Rejects
    from medenc.data.sources import read_passages

    rejects = Rejects()
    found = [passage.content for passage in islice(read_passages([path], rejects), count)]
    rejects.finish()
    return found
