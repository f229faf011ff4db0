"""The server and its keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from medenc.cli.app import Host, Port, app, emit
from medenc.core.errors import MedencError

if TYPE_CHECKING:
    from medenc.serve.opening import Sources
    from medenc.serve.run import Place


@app.command()
def serve(
    index: Annotated[Path | None, typer.Argument(help="The index to search.")] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="NAME=FOLDER of an embedding or task model; may be given again.")
    ] = None,
    terms: Annotated[Path | None, typer.Option(help="The dictionary to link to.")] = None,
    report: Annotated[list[Path] | None, typer.Option(help="An evaluation to show; may be given again.")] = None,
    host: Host = "127.0.0.1",
    port: Port = 8765,
    keys: Annotated[Path | None, typer.Option(help="Keys that may ask; see `medenc key`.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="TLS certificate chain, PEM.")] = None,
    certificate_key: Annotated[Path | None, typer.Option(help="The certificate's private key, PEM.")] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy/--no-behind-proxy", help="A proxy in front of this server speaks TLS.")
    ] = False,
) -> None:
    """Serve an index and models over HTTP, with a page to search in; SIGHUP loads their newest versions."""
    from medenc.serve.opening import Sources
    from medenc.serve.run import Place

    named = dict(_named(pair) for pair in model or [])
    sources = Sources(index=index, models=named, terms=terms, reports=report or [], keys=keys)
    listen(sources, Place(host, port, certificate, certificate_key, behind_proxy))


def listen(sources: Sources, place: Place) -> None:
    """Open the sources and serve them until interrupted."""
    from functools import partial

    from medenc.serve import run
    from medenc.serve.app import create_app
    from medenc.serve.opening import open_sources

    place.check(keys=sources.keys is not None)  # before anything is loaded
    run.serve(create_app(open_sources(sources), partial(open_sources, sources)), place)


@app.command()
def key(
    file: Annotated[Path, typer.Argument(help="The file for `medenc serve --keys`; it is made when there is none.")],
    name: Annotated[str, typer.Option(help="Who will use the key.")],
    role: Annotated[
        Literal["read", "write", "admin"],
        typer.Option(help="read: ask and search; write: reload too; admin: metrics too."),
    ] = "read",
    remove: Annotated[bool, typer.Option("--remove/--no-remove", help="Take the key of this name away.")] = False,
) -> None:
    """Make a key for a server and print it, this once: the file keeps only its digest."""
    from medenc.serve.keys import add_key, remove_key

    if remove:
        remove_key(file, name)
    else:
        emit(add_key(file, name, role))


def _named(pair: str) -> tuple[str, Path]:
    name, equals, folder = pair.partition("=")
    if not equals:
        raise MedencError("a model is NAME=FOLDER", where="--model")
    return name, Path(folder)
