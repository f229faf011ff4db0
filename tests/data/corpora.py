"""Small corpora of our own for the tests of prepared shards."""

import json
from functools import cache
from pathlib import Path

from medenc.core.artifact import writing
from medenc.core.plugins import build
from medenc.data.shards import Shards
from medenc.text.tokenizer import save_tokenizer, train_wordpiece

TERMS = (
    "D1\tzh\t糖尿病性视网膜病变\nD1\tko\t당뇨병성 망막병증\nD2\tzh\t糖尿病\nD3\tko\t고혈압\nD2\ten\ttype 2 diabetes\n"
)
DOCUMENTS = [
    {
        "id": "zh",
        "title": "糖尿病性视网膜病变",
        "text": "患者有糖尿病性视网膜病变。血糖控制不佳，建议复查。",
        "links": ["ko", "en"],
    },
    {"id": "ko", "text": "고혈압은 만성 질환이다. 환자에게 amlodipine을 투여하였다.", "links": ["zh", "ko", "zh"]},
    {"id": "en", "title": "Diabetes", "text": "Patients with type 2 diabetes.\nThe HbA1c was 7.2%.", "links": ["gone"]},
    {"id": "alone", "text": "休息"},
]


def long_documents(count=40):
    """Documents of several sentences; each links to the next two, and all of them to the first."""
    return [
        {
            "id": f"d{i}",
            "text": " ".join(
                f"Visit {j} of patient {i} was calm. 第{j}次复查，血压{i}正常。" for j in range(1 + i % 9)
            ),
            "links": [f"d{(i + 1) % count}", f"d{(i + 2) % count}", "d0"],
        }
        for i in range(count)
    ]


def write_lines(path: Path, rows) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@cache
def tokenizer_of():
    rows = [*DOCUMENTS, *long_documents(12)]
    return train_wordpiece([f"{row.get('title', '')} {row['text']}" for row in rows], 400)


def write_tokenizer(folder: Path) -> Path:
    """A tokenizer that knows every character of the corpora."""
    folder.mkdir(exist_ok=True)
    save_tokenizer(tokenizer_of(), folder)
    return folder


def prepared(folder: Path, rows, **options) -> tuple[Shards, dict]:
    """The rows as shards in `folder/out`, and the numbers."""
    files = options.pop("files", None) or [write_lines(folder / "rows.jsonl", rows)]
    given = {"files": [str(file) for file in files], "tokenizer": str(write_tokenizer(folder / "tokenizer"))}
    step = build("step", {"use": "prepare", **given, **options}, "prepare")
    with writing(folder / "out", step.kind, options={}) as draft:
        step.run(draft)
    return Shards.open(folder / "out"), draft.numbers
