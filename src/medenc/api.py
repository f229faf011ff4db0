"""The Python surface: what ties models, indexes and data together."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

from medenc.core.artifact import input_content, open_artifact, writing
from medenc.core.errors import MedencError, did_you_mean
from medenc.core.plugins import build
from medenc.data.reading import Rejects
from medenc.data.sources import read_passages
from medenc.decoding.folder import is_task
from medenc.recipe import Step
from medenc.runtime import parity
from medenc.runtime.embedder import Embedder
from medenc.runtime.int8.judged import read_judged, reader_of
from medenc.runtime.predictor import Predictor
from medenc.runtime.reader import Extracts, Reader
from medenc.runtime.sentence_embedding import SentenceEmbedding
from medenc.runtime.session import Precision
from medenc.search import settings
from medenc.search.fusion import Fusion
from medenc.search.index import Index
from medenc.search.lexical import Bm25
from medenc.search.linker import Linked, Linker
from medenc.steps.index import create

PIPELINES = ("sentence-embedding",)
READ_DOCUMENTS = 10  # that a reader reads for one question


def load(model: str | Path, backend: str | None = None, precision: Precision | None = None) -> Embedder | Predictor:
    """Open a model folder for inference: one that embeds, or one that answers a task.

    torch is not needed when the folder has an exported backend.

    Args:
        backend: `openvino`, `onnx` or `torch`; the preferred one that the folder has, by default.
        precision: `fp32` or `int8`; int8 by default where the backend has one, which means that it was accepted.
    """
    kind = Predictor if is_task(Path(model)) else Embedder
    return kind.open(Path(model), backend, precision=precision)


def pipeline(task: str, model: str | Path | Embedder) -> SentenceEmbedding:
    """A model behind the call that its card documents; `sentence-embedding` is CoROM's (see `SentenceEmbedding`)."""
    if task not in PIPELINES:
        raise MedencError(f"no such pipeline: '{task}'", where="task", hint=did_you_mean(task, PIPELINES))
    return SentenceEmbedding(model if isinstance(model, Embedder) else Embedder.open(model))


def open_index(path: str | Path, model: str | Path | None = None) -> Index:
    """Open an index, and the model that made its vectors when it has any (`model`: where that model is now)."""
    made_by = settings.read(Path(path)).model

    def encoder(known: Path) -> Embedder:
        opened = Embedder.open(Path(model) if model else known)
        return opened.fitting(made_by.dimension) if made_by else opened

    return Index.open(Path(path), encoder)


def open_reader(model: str | Path) -> Reader:
    """Open a model that reads texts for answers."""
    return Reader.open(Path(model))


def ask(index: Index, question: str, reader: Reader, top: int = 3) -> Extracts:
    """Answer a question by reading the documents that a search finds; offsets are into their texts."""
    hits = index.search(question, top=READ_DOCUMENTS).hits
    return reader.read(question, [(hit.id, hit.text) for hit in hits], top)


def read(question: str, text: str, reader: Reader, top: int = 3) -> Extracts:
    """Answer a question by reading one text of any length, whose id is empty."""
    return reader.read(question, [("", text)], top)


def index_files(
    files: Iterable[Path],
    out: Path,
    *,
    model: Path | None = None,
    terms: Path | None = None,
    dimension: int | None = None,
) -> dict[str, Any]:
    """Index documents into `out`: a new index, or an upsert into the one that stands there. Returns the counts.

    Nothing is added when more records are bad than are allowed. `model`, `terms` and `dimension` (leading numbers of
    the vectors, see `Embedder.leading`) are those of a new index.
    """
    rejects = Rejects()
    passages = list(read_passages(files, rejects))
    rejects.finish()
    known = (out / settings.FILE).exists()
    if known and dimension is not None:
        raise MedencError("the index has its dimension already", where="dimension", hint="leave it out")
    index = open_index(out, model) if known else create(out, model, terms, Bm25(), Fusion(), dimension)
    return {**index.add(passages), "data": rejects.report()}


def evaluate(
    target: Path,
    data: Path,
    out: Path,
    *,
    split: str = "test",
    modes: Sequence[str] | None = None,
    measures: Sequence[str] | None = None,
    baselines: bool = False,
) -> dict[str, Any]:
    """Measure an index on a BEIR folder; the report, its run files and `report.html` are written to `out`.

    With `baselines`, BM25 over our analyzer's terms and BM25 over characters are measured beside it.
    """
    given = {"modes": modes, "measures": measures}
    options = {"target": str(target), "data": str(data), "split": split, "baselines": baselines}
    options |= {name: list(values) for name, values in given.items() if values}
    return _made("evaluate", options, {"target": target, "data": data}, out)


def evaluate_task(
    model: Path, data: Path, out: Path, *, reader: str | None = None, train: Path | None = None
) -> dict[str, Any]:
    """Measure a task's model on labelled rows; predictions, mistakes and `report.html` are written to `out`.

    Args:
        reader: how `data` is read; as the model's training data was, by default.
        train: training rows, for the trivial way and the leak scan.
    """
    how = {"use": reader} if reader else reader_of(model)
    given = {"data": data} | ({"train": train} if train else {})
    sources = {name: [{**how, "path": str(path)}] for name, path in given.items()}
    return _made("evaluate_task", {"model": str(model), **sources}, {"model": model, **given}, out)


def mine(index: Path, data: Path, out: Path, **options: Any) -> dict[str, Any]:
    """Mine hard negatives for the training queries of a BEIR folder; `options` are those of the step `mine`."""
    given = {"index": str(index), "data": str(data)} | options
    return _made("mine", given, {"index": index, "data": data}, out)


def prepare(files: Sequence[Path], tokenizer: Path, out: Path, **options: Any) -> dict[str, Any]:
    """Turn raw text into token shards; `options` are those of the step `prepare`. A killed run goes on."""
    given = {"files": [str(path) for path in files], "tokenizer": str(tokenizer)}
    inputs = {str(path): path for path in [*files, tokenizer] if path.exists()}
    return _made("prepare", given | {name: value for name, value in options.items() if value is not None}, inputs, out)


def _made(use: str, options: dict[str, Any], inputs: dict[str, Path], out: Path) -> dict[str, Any]:
    """Run one step into `out`; its numbers."""
    step = cast(Step, build("step", {"use": use, **options}, use))
    contents = {name: input_content(path) for name, path in inputs.items()}
    with writing(out, step.kind, options=options, inputs=contents, version=step.version) as draft:
        step.run(draft)
    return cast("dict[str, Any]", open_artifact(out).manifest["numbers"])


def link(
    model: Path, mentions: Sequence[str], terms: Path, top: int = 5, calibrate: Path | None = None
) -> list[Linked]:
    """Link mentions to concepts.

    Args:
        terms: a dictionary artifact, or a terminology that becomes one for this call.
        calibrate: for a terminology, mentions with their concepts (`id||mention`): how often "none of these" is right.
    """
    if calibrate and terms.is_dir():
        raise MedencError("a dictionary that is built cannot be calibrated", where=terms, hint="give its terminology")
    encode = Embedder.open(model).encode
    if terms.is_dir():
        return Linker.open(terms, encode).link(mentions, top)
    with tempfile.TemporaryDirectory() as folder:
        options = {"files": [str(terms)], "model": str(model), "calibrate": calibrate and str(calibrate)}
        build_dictionary = cast(Step, build("step", {"use": "dictionary", **options}, "link"))
        built = Path(folder) / "dictionary"
        with writing(built, build_dictionary.kind, options=options) as draft:
            build_dictionary.run(draft)
        return Linker.open(built, encode).link(mentions, top)


def export(
    model: Path,
    backend: str = "openvino",
    precision: str = "fp32",
    *,
    texts: Path | None = None,
    judged: Path | None = None,
) -> dict[str, Any]:
    """Add a backend to a model folder; returns what was measured of it.

    Args:
        backend: `openvino` or `onnx`.
        precision: `fp32`, checked on the probes, or `int8`, kept only where it ranks or decides alike and is faster.
        texts: for int8, what it is calibrated on and compared by; the bundled sample by default.
        judged: for int8, a BEIR folder with test judgements, or labelled rows, on which its scores must stay.
    """
    if precision == "int8":
        from medenc.runtime.int8.export import export_int8

        return export_int8(model, backend, texts, read_judged(model, judged) if judged else None)
    if precision != "fp32":
        raise MedencError(f"no such precision: '{precision}'", where="precision", hint="fp32 or int8")
    if texts or judged:
        raise MedencError("texts and judged data are for int8", where="precision", hint="--precision int8")
    from medenc.runtime.export import export as add_backend

    return add_backend(model, backend)


def verify(path: Path) -> dict[str, Any]:
    """Check an index's files, or a model's files and its probes under every backend; `ok` is the verdict."""
    if (path / settings.FILE).exists():
        damaged = open_index(path).verify()
        return {"ok": not damaged, "damaged": damaged}
    return parity.verify(path)
