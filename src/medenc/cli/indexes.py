"""Indexes: fill, search, ask, measure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from medenc.cli.app import Dimension, Json, Mode, MovedModel, Out, app, emit, refuse


@app.command()
def index(
    files: Annotated[list[Path], typer.Argument(help="JSON lines, BEIR folders or plain text.")],
    out: Out,
    model: Annotated[Path | None, typer.Option(help="The model for dense search.")] = None,
    terms: Annotated[
        Path | None, typer.Option(help="A terminology: its words are kept whole, its synonyms explain hits.")
    ] = None,
    dimension: Dimension = None,
    as_json: Json = False,
) -> None:
    """Index documents, or add them to an index; a known id is replaced."""
    from medenc import api, terminal

    counts = api.index_files(files, out, model=model, terms=terms, dimension=dimension)
    emit(counts if as_json else terminal.counts(counts))


@app.command()
def delete(index: Path, ids: Annotated[list[str], typer.Argument(help="Ids of documents.")]) -> None:
    """Delete documents from an index; `compact` then removes their last bytes."""
    from medenc import api

    emit(f"deleted {api.open_index(index).delete(ids)}")


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
    emit(answer.to_json() if as_json else terminal.hits(answer))


@app.command()
def ask(
    index: Path,
    question: str,
    top: Annotated[int, typer.Option(help="How many answers.")] = 3,
    reader: Annotated[Path | None, typer.Option(help="A question answering model that reads the documents.")] = None,
    model: MovedModel = None,
    as_json: Json = False,
) -> None:
    """Answer a question with verbatim spans of the documents, or say that there is no answer."""
    from medenc import api, terminal

    opened = api.open_index(index, model)
    answers = opened.ask(question, top) if reader is None else api.ask(opened, question, api.open_reader(reader), top)
    emit(answers.to_json() if as_json else terminal.answers(answers))


@app.command()
def evaluate(
    target: Annotated[Path, typer.Argument(help="An index, or a task's model.")],
    data: Annotated[Path, typer.Argument(help="A BEIR folder; a file of labelled rows for a model.")],
    out: Out,
    split: Annotated[str, typer.Option(help="Which qrels, of an index.")] = "test",
    mode: Annotated[list[str] | None, typer.Option(help="Search modes; all that the index can do by default.")] = None,
    measures: Annotated[
        list[str] | None, typer.Option(help="As ir-measures spells them: nDCG@10, RR@10; or AnswerSuccess@20.")
    ] = None,
    baselines: Annotated[
        bool,
        typer.Option("--baselines/--no-baselines", help="Also BM25, over our terms (lexical) and characters."),
    ] = False,
    reader: Annotated[str | None, typer.Option(help="How a model's rows are read [as its training rows].")] = None,
    train: Annotated[Path | None, typer.Option(help="A model's training rows, for the baseline and leaks.")] = None,
    as_json: Json = False,
) -> None:
    """Measure an index or a task's model: scores with intervals, a leak scan first, and a report."""
    from medenc import api, terminal

    if api.is_task(target):
        refuse(target, mode=mode, measures=measures, baselines=baselines)
        report = api.evaluate_task(target, data, out, reader=reader, train=train)
    else:
        refuse(target, reader=reader, train=train)
        report = api.evaluate(target, data, out, split=split, modes=mode, measures=measures, baselines=baselines)
    emit(report if as_json else terminal.scores(report))


@app.command()
def mine(
    index: Path,
    data: Annotated[Path, typer.Argument(help="A BEIR folder with training judgements.")],
    out: Out,
    mode: Annotated[
        Literal["dense", "lexical", "hybrid"] | None, typer.Option(help="What ranks the candidates.")
    ] = None,
    depth: Annotated[int, typer.Option(help="Candidates of a query.")] = 200,
    negatives: Annotated[int, typer.Option(help="Negatives of a query, at most.")] = 8,
    reviewed: Annotated[
        Path | None, typer.Option(help="A review sheet with verdicts; marked passages are left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Mine hard negatives for training queries, with a sheet of likely unlabelled answers to review."""
    from medenc import api, terminal

    given = {"mode": mode, "reviewed": reviewed and str(reviewed)}
    options = {"depth": depth, "negatives": negatives} | {key: value for key, value in given.items() if value}
    numbers = api.mine(index, data, out, **options)
    emit(numbers if as_json else terminal.mined(numbers, out))
