"""The command line: stdout is the result, stderr is progress, and a user's mistake is one line.

Every command imports what it needs when it runs, so that `--help` answers at once and needs neither torch nor an index.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from medenc.core.errors import MedencError

if TYPE_CHECKING:
    from medenc.recipe import Result

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Json = Annotated[bool, typer.Option("--json/--no-json", help="Print one JSON document.")]
Out = Annotated[Path, typer.Option("--out", help="Folder to write.")]
Mode = Annotated[
    Literal["hybrid", "dense", "lexical"] | None, typer.Option(help="The best that the index can do by default.")
]
MovedModel = Annotated[Path | None, typer.Option(help="Where the model of the vectors is now, if it was moved.")]
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
    _print(built.to_json() if as_json else built.text())
    if serve:
        _serve(built.index, {}, host, port)


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
    from medenc.recipe import load

    loaded = load(recipe, out, overrides or (), smoke=smoke)
    results = loaded.run(only=only, start=start, force=force, report=_progress)
    reference = loaded.file.reference
    _print({"steps": [result.to_json() for result in results]} if as_json else terminal.steps(results, reference))


@app.command()
def check(
    recipe: Annotated[str, typer.Argument(help="A recipe file, or the name of a bundled one.")],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...")] = None,
    smoke: Annotated[bool, typer.Option("--smoke/--no-smoke", help="As it would run under --smoke.")] = False,
) -> None:
    """Check a recipe without running it: every default filled in, references and sources resolved."""
    from medenc.recipe import load

    _print(load(recipe, None, overrides or (), smoke=smoke).describe())


@app.command(name="list")
def list_(kind: Annotated[str | None, typer.Argument(help="reader, objective, step, …")] = None) -> None:
    """List the plug-ins with their options."""
    from medenc.core.plugins import PACKAGES, find, modules

    for group in [kind] if kind else PACKAGES:
        for name in modules(group):
            fields = find(group, name).model_fields
            _print(f"{group} {name}: {', '.join(fields) or '(no options)'}")


@app.command()
def show(artifact: Annotated[Path, typer.Argument(help="A finished artifact.")], as_json: Json = False) -> None:
    """Show what an artifact is, what made it and what was measured."""
    from medenc.core.artifact import open_artifact

    manifest = open_artifact(artifact).manifest
    brief = {key: value for key, value in manifest.items() if key != "files"}
    _print(manifest if as_json else brief)


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
    _print(str(out))


@app.command()
def index(
    files: Annotated[list[Path], typer.Argument(help="JSON lines, BEIR folders or plain text.")],
    out: Out,
    model: Annotated[Path | None, typer.Option(help="The model for dense search.")] = None,
    terms: Annotated[Path | None, typer.Option(help="A terminology whose words are kept whole.")] = None,
    as_json: Json = False,
) -> None:
    """Index documents, or add them to an index; a known id is replaced."""
    from medenc import api, terminal

    counts = api.index_files(files, out, model=model, terms=terms)
    _print(counts if as_json else terminal.counts(counts))


@app.command()
def delete(index: Path, ids: Annotated[list[str], typer.Argument(help="Ids of documents.")]) -> None:
    """Delete documents from an index; `compact` then removes their last bytes."""
    from medenc import api

    _print(f"deleted {api.open_index(index).delete(ids)}")


@app.command()
def compact(index: Path) -> None:
    """Rewrite an index without what was deleted or replaced."""
    from medenc import api

    api.open_index(index).compact()


@app.command()
def search(
    index: Path,
    query: str,
    mode: Mode = None,
    top: Annotated[int, typer.Option(help="How many hits.")] = 10,
    where: Annotated[str | None, typer.Option(help="An SQL condition on the metadata.")] = None,
    model: MovedModel = None,
    as_json: Json = False,
) -> None:
    """Search an index; every hit shows why it is there."""
    from medenc import api, terminal

    answer = api.open_index(index, model).search(query, top=top, mode=mode, where=where)
    _print(answer.to_json() if as_json else terminal.hits(answer))


@app.command()
def ask(
    index: Path,
    question: str,
    top: Annotated[int, typer.Option(help="How many answers.")] = 3,
    model: MovedModel = None,
    as_json: Json = False,
) -> None:
    """Answer a question with verbatim spans of the documents, or say that there is no answer."""
    from medenc import api, terminal

    answers = api.open_index(index, model).ask(question, top=top)
    _print(answers.to_json() if as_json else terminal.answers(answers))


@app.command()
def embed(
    model: Path,
    texts: Annotated[list[str] | None, typer.Argument(help="Texts; lines of standard input when none.")] = None,
    as_: Annotated[Literal["query", "passage"] | None, typer.Option("--as", help="The role of the texts.")] = None,
    on_overflow: Annotated[
        Literal["error", "warn", "window", "truncate"], typer.Option(help="What to do with a text that is too long.")
    ] = "error",
    as_json: Json = False,
) -> None:
    """Embed texts."""
    from medenc import api

    embedded = api.load(model).embed(_texts(texts), as_=as_, on_overflow=on_overflow)
    vectors = [[round(float(x), 7) for x in row] for row in embedded.vectors]
    truncated = [bool(cut) for cut in embedded.truncated]
    result = {"vectors": vectors, "tokens": [int(n) for n in embedded.tokens], "truncated": truncated}
    _print(result if as_json else "\n".join(" ".join(map(str, row)) for row in vectors))


@app.command()
def similarity(
    model: Path,
    texts: list[str],
    query: Annotated[str, typer.Option(help="The text to compare the others with.")],
    as_json: Json = False,
) -> None:
    """Score texts against a query by the model's own similarity."""
    from medenc import api

    embedder = api.load(model)
    scores = [round(float(x), 6) for x in embedder.similarity([query], texts)[0]]
    result = {"query": query, "scores": scores, "similarity": embedder.similarity_name}
    _print(result if as_json else "\n".join(f"{score:9.4f}  {text}" for score, text in zip(scores, texts, strict=True)))


@app.command()
def link(
    model: Annotated[Path, typer.Argument(help="The model that compares names.")],
    mentions: Annotated[list[str], typer.Argument(metavar="TERM...", help="Mentions to link.")],
    terms: Annotated[Path, typer.Option(help="A terminology, or the dictionary that was built from one.")],
    top: Annotated[int, typer.Option(help="How many concepts a mention.")] = 5,
    as_json: Json = False,
) -> None:
    """Link mentions to the concepts of a terminology."""
    from medenc import api, terminal

    linked = api.link(model, mentions, terms, top)
    _print([found.to_json() for found in linked] if as_json else terminal.links(linked))


@app.command()
def evaluate(
    target: Annotated[Path, typer.Argument(help="An index.")],
    data: Annotated[Path, typer.Argument(help="A BEIR folder.")],
    out: Out,
    split: Annotated[str, typer.Option(help="Which qrels.")] = "test",
    mode: Annotated[list[str] | None, typer.Option(help="Search modes; all that the index can do by default.")] = None,
    measures: Annotated[list[str] | None, typer.Option(help="As ir-measures spells them: nDCG@10, RR@10.")] = None,
    as_json: Json = False,
) -> None:
    """Measure an index: scores with intervals, a leak scan first, run files and a report."""
    from medenc import api, terminal

    report = api.evaluate(target, data, out, split=split, modes=mode, measures=measures)
    _print(report if as_json else terminal.scores(report))


@app.command()
def export(
    model: Path,
    backend: Annotated[Literal["openvino", "onnx"], typer.Option(help="The format to add.")] = "openvino",
    precision: Annotated[Literal["fp32"], typer.Option(help="The numbers of the format.")] = "fp32",
) -> None:
    """Add a backend to a model folder after checking that it agrees."""
    from medenc.runtime.export import export as add_backend

    add_backend(model, backend, precision)


@app.command()
def verify(artifact: Path) -> None:
    """Check a model's probes under every backend, or an index's files; damage is named."""
    from medenc import api

    report = api.verify(artifact)
    _print(report)
    if not report["ok"]:
        raise typer.Exit(1)


@app.command()
def serve(
    index: Annotated[Path | None, typer.Argument(help="The index to search.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="NAME=FOLDER; may be given again.")] = None,
    host: Host = "127.0.0.1",
    port: Port = 8765,
) -> None:
    """Serve an index and models over HTTP, with a page to search in."""
    _serve(index, dict(_named(pair) for pair in model or []), host, port)


@app.command()
def doctor() -> None:
    """Show what is installed, which backends run and what is missing."""
    from medenc import doctor as examination

    _print(examination.report())


def _serve(index: Path | None, models: dict[str, Path], host: str, port: int) -> None:
    from medenc import api
    from medenc.serve.app import create_app
    from medenc.serve.run import serve as listen

    served = {name: api.load(path) for name, path in models.items()}
    listen(create_app(api.open_index(index) if index else None, served), host, port)


def _progress(result: Result) -> None:
    state = "skipped" if result.skipped else f"{result.seconds:.1f} s"
    sys.stderr.write(f"{result.id:<16} {state:>9}  {result.out}\n")


def _named(pair: str) -> tuple[str, Path]:
    name, equals, folder = pair.partition("=")
    if not equals:
        raise MedencError("a model is NAME=FOLDER", where="--model")
    return name, Path(folder)


def _texts(given: Sequence[str] | None) -> list[str]:
    return list(given) if given else [line.rstrip("\n") for line in sys.stdin]


def _print(value: Any) -> None:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode() + "\n")


def _complain(error: MedencError) -> int:
    sys.stderr.write(f"medenc: {error}".encode("utf-8", "backslashreplace").decode() + "\n")
    return 1
