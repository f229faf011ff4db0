"""Models: bring them in, use them, export and check them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from medenc.cli.app import Dimension, Json, Out, app, emit

BLOCK_INPUTS = 1024  # answered before the next are read


@app.command(name="import")
def import_(
    source: Annotated[Path, typer.Argument(help="A local checkpoint folder: BERT, RoBERTa, ELECTRA or ALBERT.")],
    out: Out,
    pooling: Annotated[
        Literal["cls", "pooler", "mean"] | None, typer.Option(help="How tokens become a vector [the folder's own].")
    ] = None,
    similarity: Annotated[
        Literal["cosine", "dot", "l2"] | None, typer.Option(help="How vectors compare [the folder's own].")
    ] = None,
    passage: Annotated[Path | None, typer.Option(help="A second checkpoint, for the passages.")] = None,
) -> None:
    """Turn a checkpoint into a medenc model."""
    from medenc.runtime.importing import import_checkpoint

    import_checkpoint(source, out, pooling=pooling, similarity=similarity, passage=passage)
    emit(str(out))


@app.command()
def embed(
    model: Path,
    texts: Annotated[list[str] | None, typer.Argument(help="Texts; lines of standard input when none.")] = None,
    as_: Annotated[Literal["query", "passage"] | None, typer.Option("--as", help="The role of the texts.")] = None,
    on_overflow: Annotated[
        Literal["error", "warn", "window", "truncate"], typer.Option(help="What to do with a text that is too long.")
    ] = "error",
    dimension: Dimension = None,
    as_json: Json = False,
) -> None:
    """Embed texts."""
    from medenc.runtime.embedder import Embedder

    embedder = Embedder.open(model)
    if dimension is not None:
        embedder = embedder.leading(dimension)
    embedded = embedder.embed(_texts(texts), as_=as_, on_overflow=on_overflow)
    vectors = [[round(float(x), 7) for x in row] for row in embedded.vectors]
    truncated = [bool(cut) for cut in embedded.truncated]
    result = {"vectors": vectors, "tokens": [int(n) for n in embedded.tokens], "truncated": truncated}
    emit(result if as_json else "\n".join(" ".join(map(str, row)) for row in vectors))


@app.command()
def similarity(
    model: Path,
    texts: list[str],
    query: Annotated[str, typer.Option(help="The text to compare the others with.")],
    as_json: Json = False,
) -> None:
    """Score texts against a query by the model's own similarity."""
    from medenc.runtime.embedder import Embedder

    embedder = Embedder.open(model)
    scores = [round(float(x), 6) for x in embedder.similarity([query], texts)[0]]
    result = {"query": query, "scores": scores, "similarity": embedder.similarity_name}
    emit(result if as_json else "\n".join(f"{score:9.4f}  {text}" for score, text in zip(scores, texts, strict=True)))


@app.command()
def link(
    model: Annotated[Path, typer.Argument(help="The model that compares names.")],
    mentions: Annotated[list[str], typer.Argument(metavar="TERM...", help="Mentions to link.")],
    terms: Annotated[Path, typer.Option(help="A terminology, or the dictionary that was built from one.")],
    top: Annotated[int, typer.Option(help="How many concepts a mention.")] = 5,
    calibrate: Annotated[
        Path | None, typer.Option(help='Lines of concept||mention, to learn when "none of these" is right.')
    ] = None,
    as_json: Json = False,
) -> None:
    """Link mentions to the concepts of a terminology."""
    from medenc import api, terminal

    linked = api.link(model, mentions, terms, top, calibrate)
    emit([found.to_json() for found in linked] if as_json else terminal.links(linked))


@app.command()
def predict(
    model: Path,
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT...|FILE.jsonl]", help="Standard input when there is none.")
    ] = None,
    on_overflow: Annotated[
        Literal["error", "warn", "truncate"], typer.Option(help="What to do with an input that is too long.")
    ] = "warn",
    as_json: Annotated[bool, typer.Option("--json/--no-json", help="Print one JSON document a line.")] = False,
) -> None:
    """Answer with a task's model: labels, entities, triples, answers, choices."""
    from medenc import terminal
    from medenc.runtime.predictor import Predictor

    predictor = Predictor.open(model)
    given = _inputs(inputs)
    while block := list(islice(given, BLOCK_INPUTS)):
        rows = [predictor.task.row(str(place), value) for place, value in block]
        found = predictor.predict_rows(rows, on_overflow)
        for prediction, lost in zip(found.predictions, found.truncated, strict=True):
            result = predictor.to_json(prediction) | ({"truncated": lost} if lost else {})
            emit(result if as_json else terminal.prediction(result))


@app.command()
def export(
    model: Path,
    backend: Annotated[Literal["openvino", "onnx"], typer.Option(help="The format to add.")] = "openvino",
    precision: Annotated[
        Literal["fp32", "int8"], typer.Option(help="int8 is kept only if it ranks or decides alike and is faster here.")
    ] = "fp32",
    texts: Annotated[
        Path | None, typer.Option(help="For int8: a text a line, or JSON lines, like those it will read.")
    ] = None,
    judged: Annotated[
        Path | None, typer.Option(help="For int8: a BEIR folder, or a task's labelled rows, on which scores must stay.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Add a backend to a model folder after checking that it agrees."""
    from medenc import api, terminal

    made = api.export(model, backend, precision, texts=texts, judged=judged)
    emit(made if as_json else terminal.exported(made))


@app.command()
def verify(artifact: Path) -> None:
    """Check a model's probes under every backend, or an index's files; damage is named."""
    from medenc import api

    report = api.verify(artifact)
    emit(report)
    if not report["ok"]:
        raise typer.Exit(1)


def _inputs(given: Sequence[str] | None) -> Iterator[tuple[int, Any]]:
    """Inputs with their numbers: texts, the objects of a JSON lines file, or of standard input."""
    from medenc.data.reading import Rejects, json_object, records

    if given and len(given) == 1 and given[0].endswith((".jsonl", ".jsonl.gz")):
        rejects = Rejects(max_ratio=0)
        yield from enumerate(records(Path(given[0]), rejects, lambda line: [json_object(line)]), start=1)
        rejects.finish()
    else:
        yield from enumerate(_texts(given), start=1)


def _texts(given: Sequence[str] | None) -> list[str]:
    return list(given) if given else [line.rstrip("\n") for line in sys.stdin]
