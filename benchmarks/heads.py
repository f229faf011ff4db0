"""Do exported models decide as torch does? Every head and both kinds of encoder, on up to a thousand real inputs.

A small model of each kind begins with an encoder of `benchmarks/tasks.py` and is trained for a moment; then its
decisions under OpenVINO and ONNX are compared with those under torch, and the int8 trial says whether it keeps int8,
judged on the same inputs.

Run: python benchmarks/heads.py --data DATA --warm runs/tasks/warm [--count 1000] [--only NAME…] [--out runs/heads]
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from medenc import api
from medenc.core.files import write_bytes
from medenc.core.plugins import build
from medenc.data.examples import Annotated
from medenc.data.mixing import Source, read_sources
from medenc.decoding.folder import decision, is_task
from medenc.runtime.embedder import Embedder, score
from medenc.runtime.int8.export import export_int8
from medenc.runtime.predictor import Predictor
from tasks import SETS, made, placed

Values = dict[str, Any]
BACKENDS = ("openvino", "onnx")
NEAREST = 10
STEPS = 150


@dataclass(frozen=True)
class Kind:
    """A head by the task that asks for it, with a data set of `benchmarks/tasks.py` or rows `derived` from its own."""

    rows: str
    task: Values
    derived: str = ""


KINDS = {
    "tokens": Kind("bc5cdr", SETS["bc5cdr"].task),
    "span_matrix": Kind("cmedqaner", {"use": "entity_spans", "unit": "character"}),
    "sequence, a class": Kind("cmedtc", SETS["cmedtc"].task),
    "sequence, a pair": Kind("cmedqq", SETS["cmedqq"].task),
    "sequence, several classes": Kind("bc5cdr", {"use": "multi_label"}, derived="labels"),
    "sequence, a number": Kind("bc5cdr", {"use": "regression"}, derived="share"),
    "start_end": Kind("bioasq-factoid", SETS["bioasq-factoid"].task),
    "joint_span": Kind("bioasq-factoid", {**SETS["bioasq-factoid"].task, "head": "joint"}),
    "span_matrix, triples": Kind("diakg", {"use": "triples", "mark_names": True}),
    "start_pairs": Kind("diakg", {"use": "triples", "scheme": "published"}),
    "entity_starts": Kind("diakg", {"use": "relation", "decide": "starts"}),
    "choice": Kind("medmcqa", SETS["medmcqa"].task),
}


def rows_of(sources: list[Values]) -> list[Any]:
    """The rows of some sources."""
    found, _ = read_sources([Source.parse(source, "rows") for source in sources], "rows")
    return found


def derived(kind: Kind, side: str, data: Path, out: Path) -> list[Values]:
    """The sources of a side: a data set's own, or a file with labels that are made of its entities.

    Of a set that is cross-validated all rows are on both: what is asked here is whether backends agree.
    """
    rows = SETS[kind.rows].rows
    own = placed(getattr(rows, side) or rows.test, data)
    if not kind.derived:
        return own
    file = out / f"{kind.derived}-{side}.jsonl"
    lines = (json.dumps(_relabelled(row, kind.derived), ensure_ascii=False) for row in rows_of(own))
    file.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(file, "".join(f"{line}\n" for line in lines).encode())
    return [{"use": "labelled", "path": str(file), "regression": kind.derived == "share"}]


def _relabelled(row: Annotated, how: str) -> Values:
    """Which kinds of entities a text has, or the share of its characters that are in one."""
    inside = sum(entity.end - entity.start for entity in row.entities)
    label = sorted({entity.label for entity in row.entities}) if how == "labels" else inside / max(1, len(row.text))
    return {"id": row.id, "text": row.text, "label": label}


def trained(name: str, data: Path, warm: Path, out: Path) -> Path:
    """A model with a head, trained for a moment and exported for every backend."""
    kind = KINDS[name]
    own = SETS[kind.rows]
    step: Values = {
        "use": "train",
        "start": str(warm / own.language),
        "encoder": {"max_tokens": own.max_tokens, **own.encoder},
        "objective": {"use": "supervised", "task": kind.task},
        "data": derived(kind, "train", data, out),
        "fit": {"learning_rate": 1e-3, "max_steps": STEPS, "per_device_batch_size": 16, "save_every_steps": 1000},
    }
    return made(out / name.replace(", ", "-").replace(" ", "-"), build("step", step, name))


def exported(model: Path) -> Path:
    """A copy with both graphs in float32."""
    copy = model.with_name(f"{model.name}.exported")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(model, copy)
    for backend in BACKENDS:
        api.export(copy, backend)
    return copy


def decided(model: Path, rows: list[Any], backend: str, precision: str = "fp32") -> Iterator[Any]:
    """A decision for each row."""
    predictor = Predictor.open(model, backend, precision=precision)  # type: ignore[arg-type]
    for one in predictor.predict_rows(rows, "truncate").predictions:
        yield decision(predictor.to_json(one))


def nearest(model: Path, texts: list[str], backend: str, precision: str = "fp32") -> Iterator[Any]:
    """The places of the nearest other texts of each text, which stand for its decision."""
    embedder = Embedder.open(model, backend, precision=precision)  # type: ignore[arg-type]
    queries, passages = (embedder.encode(texts, role, "truncate") for role in ("query", "passage"))
    scores = score(queries, passages, embedder.similarity_name)
    np.fill_diagonal(scores, -np.inf)
    for row in scores:
        yield np.argsort(-row, kind="stable")[:NEAREST].tolist()


def compared(name: str, model: Path, inputs: list[Any]) -> Iterator[Values]:
    """A line for each backend, and one for each int8 trial."""
    answer = decided if is_task(model) else nearest
    copy = exported(model)
    wanted = list(answer(copy, inputs, "torch"))
    for backend in BACKENDS:
        same = [a == b for a, b in zip(wanted, answer(copy, inputs, backend), strict=True)]
        yield {"kind": name, "backend": backend, "precision": "fp32", "inputs": len(inputs), "equal": np.mean(same)}
    for backend in BACKENDS:
        report = export_int8(copy, backend, judged=inputs if is_task(copy) else None)
        verdict = "kept" if report["accepted"] else report["why"]
        line = {"kind": name, "backend": backend, "precision": "int8", "inputs": len(inputs), "verdict": verdict}
        if report["accepted"]:
            found = answer(copy, inputs, backend, "int8")
            line["equal"] = np.mean([a == b for a, b in zip(wanted, found, strict=True)])
        yield line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--warm", type=Path, required=True, help="the encoders en, zh of `benchmarks/tasks.py`")
    parser.add_argument("--embedders", type=Path, nargs="*", default=[], help="models that embed, to compare as well")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--out", type=Path, default=Path("runs/heads"))
    asked = parser.parse_args()
    print("| model | backend | precision | inputs | equal decisions | |\n|---|---|---|---|---|---|", flush=True)
    for name in asked.only:
        rows = rows_of(derived(KINDS[name], "test", asked.data, asked.out))
        show(compared(name, trained(name, asked.data, asked.warm, asked.out), rows[: asked.count]))
    texts = [row.text for row in rows_of(placed(SETS["bc5cdr"].rows.test, asked.data))][: asked.count]
    for model in asked.embedders:
        show(compared(model.name, model, texts))


def show(lines: Iterator[Values]) -> None:
    """Rows of the table."""
    for one in lines:
        equal = f"{one['equal']:.4f}" if "equal" in one else ""
        cells = (one["kind"], one["backend"], one["precision"], f"{one['inputs']:,}", equal, one.get("verdict", ""))
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
