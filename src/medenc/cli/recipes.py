"""Recipes, their plug-ins and their artifacts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medenc.cli.app import Host, Json, Out, Port, app, emit
from medenc.cli.serving import listen

if TYPE_CHECKING:
    from medenc.recipe import Result


@app.command()
def demo(
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Open the page when all is built.")] = True,
    out: Out = Path("runs/sample"),
    as_json: Json = False,
    host: Host = "127.0.0.1",
    port: Port = 8765,
) -> None:
    """Build a measured search from the bundled trilingual sample, then serve it."""
    from medenc import demo as demonstration

    built = demonstration.build(out, _progress)
    emit(built.to_json() if as_json else built.text())
    if serve:
        from medenc.serve.opening import Sources
        from medenc.serve.run import Place

        listen(Sources(index=built.index, reports=[built.report.parent]), Place(host, port))


@app.command()
def run(
    recipe: Annotated[str, typer.Argument(help="A recipe file, or the name of a bundled one.")],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...")] = None,
    smoke: Annotated[bool, typer.Option("--smoke/--no-smoke", help="Stand-in data, smallest models.")] = False,
    only: Annotated[str | None, typer.Option(help="Run this step alone.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Run again from this step on.")] = None,
    force: Annotated[bool, typer.Option("--force/--no-force", help="Run finished steps again.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the artifacts [runs/NAME].")] = None,
    as_json: Json = False,
) -> None:
    """Run a recipe; finished steps are skipped."""
    from medenc import terminal
    from medenc.core import processes
    from medenc.recipe import load

    loaded = load(recipe, out, overrides or (), smoke=smoke)
    first = processes.rank() == 0
    results = loaded.run(only=only, start=start, force=force, report=_progress if first else lambda _: None)
    reference = {} if smoke else loaded.file.reference  # nobody's numbers compare with those of a stand-in
    if first:
        emit({"steps": [result.to_json() for result in results]} if as_json else terminal.steps(results, reference))


@app.command()
def check(
    recipe: Annotated[str, typer.Argument(help="A recipe file, or the name of a bundled one.")],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...")] = None,
    smoke: Annotated[bool, typer.Option("--smoke/--no-smoke", help="As it would run under --smoke.")] = False,
) -> None:
    """Check a recipe without running it: every default filled in, references and sources resolved."""
    from medenc.recipe import load

    emit(load(recipe, None, overrides or (), smoke=smoke).describe())


@app.command(name="list")
def list_(kind: Annotated[str | None, typer.Argument(help="reader, objective, step, …")] = None) -> None:
    """List the plug-ins; those of one kind with what they do, and their options with types and defaults."""
    from medenc import terminal
    from medenc.core.plugins import PACKAGES, find, modules

    if kind:
        emit("\n".join(terminal.plugin(name, find(kind, name)) for name in modules(kind)))
    else:
        emit(terminal.table([[group, ", ".join(modules(group))] for group in PACKAGES]))


@app.command()
def show(artifact: Annotated[Path, typer.Argument(help="A finished artifact.")], as_json: Json = False) -> None:
    """Show what an artifact is, what made it and what was measured."""
    from medenc.core.artifact import open_artifact

    manifest = open_artifact(artifact).manifest
    brief = {key: value for key, value in manifest.items() if key != "files"}
    emit(manifest if as_json else brief)


@app.command()
def doctor() -> None:
    """Show what is installed, which backends run and what is missing."""
    from medenc import doctor as examination

    emit(examination.report())


def _progress(result: Result) -> None:
    state = "skipped" if result.skipped else f"{result.seconds:.1f} s"
    sys.stderr.write(f"{result.id:<16} {state:>9}  {result.out}\n")
