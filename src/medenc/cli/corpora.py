"""Corpora: raw text made ready for pre-training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from medenc.cli.app import Json, Out, app, emit


@app.command()
def prepare(
    files: Annotated[list[Path], typer.Argument(help="JSON lines, plain text, BEIR folders, folders of those.")],
    tokenizer: Annotated[Path, typer.Option(help="Folder of a tokenizer or a model.")],
    out: Out,
    terms: Annotated[Path | None, typer.Option(help="A terminology whose terms are marked.")] = None,
    max_tokens: Annotated[int, typer.Option(help="Of a row, special tokens included.")] = 512,
    across_documents: Annotated[
        bool, typer.Option("--across-documents/--within-documents", help="Rows go on with the next document.")
    ] = False,
    morphemes: Annotated[bool, typer.Option("--morphemes/--eojeol", help="What a Korean word is.")] = False,
    links: Annotated[
        Literal["none", "explicit", "similar"], typer.Option(help="As documents declare them, or to the nearest ones.")
    ] = "none",
    link_field: Annotated[str, typer.Option(help="Where a document declares its links.")] = "links",
    neighbours: Annotated[int, typer.Option(help="Links of a document to similar ones.")] = 5,
    ernie_pair: Annotated[
        bool, typer.Option("--ernie-pair/--no-ernie-pair", help="Also write ERNIE-Health's pair of files.")
    ] = False,
    max_bad: Annotated[float, typer.Option(help="Share of bad lines that is allowed.")] = 0.01,
    encoding: Annotated[str, typer.Option(help="Of the files.")] = "utf-8",
    workers: Annotated[int, typer.Option(help="Processes; the result is the same.")] = 1,
    as_json: Json = False,
) -> None:
    """Turn raw text into token shards with marks of words and terms; run again to go on after a kill."""
    from medenc import api, terminal

    numbers = api.prepare(
        files,
        tokenizer,
        out,
        terms=terms and str(terms),
        max_tokens=max_tokens,
        across_documents=across_documents,
        morphemes=morphemes,
        links=links,
        link_field=link_field,
        neighbours=neighbours,
        ernie_pair=ernie_pair,
        max_bad=max_bad,
        encoding=encoding,
        workers=workers,
    )
    emit(numbers if as_json else terminal.prepared(numbers))
