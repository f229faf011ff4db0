"""The server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from medenc.cli.app import Host, Port, app
from medenc.core.errors import MedencError


@app.command()
def serve(
    index: Annotated[Path | None, typer.Argument(help="The index to search.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="NAME=FOLDER; may be given again.")] = None,
    host: Host = "127.0.0.1",
    port: Port = 8765,
) -> None:
    """Serve an index and models over HTTP, with a page to search in."""
    listen(index, dict(_named(pair) for pair in model or []), host, port)


def listen(index: Path | None, models: dict[str, Path], host: str, port: int) -> None:
    """Open the index and the models, and serve them until interrupted."""
    from medenc import api
    from medenc.serve.app import create_app
    from medenc.serve.run import serve as start

    served = {name: api.load(path) for name, path in models.items()}
    start(create_app(api.open_index(index) if index else None, served), host, port)


def _named(pair: str) -> tuple[str, Path]:
    name, equals, folder = pair.partition("=")
    if not equals:
        raise MedencError("a model is NAME=FOLDER", where="--model")
    return name, Path(folder)
