"""Small real artifacts of every kind that a server opens, made in a folder."""

from pathlib import Path

from tiny_checkpoints import write_checkpoint
from trained import trained

import medenc
from medenc import api
from medenc.core.artifact import writing
from medenc.core.plugins import build
from medenc.data.examples import Labelled
from medenc.runtime.importing import import_checkpoint
from medenc.serve.opening import Sources

SAMPLE = Path(medenc.__file__).parent / "sample"
ROWS = [
    Labelled(str(n), text, label) for n, (text, label) in enumerate([("기침과 발열", "resp"), ("胸痛", "card")] * 4)
]


def made(folder):
    """The sources of a server with one of each."""
    model, task = folder / "model", folder / "task"
    import_checkpoint(write_checkpoint("bert", folder / "checkpoint"), model, pooling="mean")
    trained(task, {"use": "classification"}, ROWS, steps=4, backends=("openvino",))
    documents = folder / "documents.jsonl"
    documents.write_text("\n".join((SAMPLE / "corpus.jsonl").read_text("utf-8").splitlines()[:30]), "utf-8")
    step("index", folder / "index", files=[str(documents)], model=str(model))
    step("dictionary", folder / "terms", files=[str(SAMPLE / "terms.tsv")], model=str(model))
    api.evaluate(folder / "index", SAMPLE, folder / "report", modes=["lexical"])
    return Sources(folder / "index", {"small": model, "triage": task / "model"}, folder / "terms", [folder / "report"])


def step(use, out, **options):
    """Run one step into `out`."""
    made_by = build("step", {"use": use, **options}, use)
    with writing(out, made_by.kind, options=options) as draft:
        made_by.run(draft)
