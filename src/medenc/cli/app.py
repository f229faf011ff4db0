"""The command line's frame: the application, the options that commands share, printing and complaining."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from medenc.core.errors import MedencError

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Json = Annotated[bool, typer.Option("--json/--no-json", help="Print one JSON document.")]
Out = Annotated[Path, typer.Option("--out", help="Folder to write.")]
Mode = Annotated[
    Literal["hybrid", "dense", "lexical"] | None, typer.Option(help="The best that the index can do by default.")
]
MovedModel = Annotated[Path | None, typer.Option(help="Where the model of the vectors is now, if it was moved.")]
Dimension = Annotated[
    int | None, typer.Option(help="Leading numbers of the vectors, of those the model was trained for [all].")
]
Host = Annotated[str, typer.Option(help="Address to listen on; only this machine by default.")]
Port = Annotated[int, typer.Option(help="Port to listen on.")]


def main() -> None:
    """Run the command line; exit codes: 0 done, 1 a user's mistake, 2 usage, 130 interrupted."""
    try:
        app()
    except MedencError as error:
        sys.exit(_complain(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        sys.stderr.close()
        sys.exit(0)


@app.callback()
def _about() -> None:
    """Train, measure, search with and serve text encoders for medical Korean, Chinese and English."""


def emit(value: Any) -> None:
    """Print a result: text as it is, anything else as one JSON document."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode() + "\n")


def refuse(target: Path, **options: object) -> None:
    """Raise for an option that was given and means nothing for `target`."""
    for name, value in options.items():
        if value:
            raise MedencError(f"--{name} means nothing here", where=target)


def _complain(error: MedencError) -> int:
    sys.stderr.write(f"medenc: {error}".encode("utf-8", "backslashreplace").decode() + "\n")
    return 1
