"""Small encoders on the tasks: each data set beside its trivial way, with intervals over items and over seeds.

A small BERT for each language (`ENCODERS`) begins with word vectors from the words' neighbours, learns masked words on
texts of that language (the data sets' own training rows and raw text of the same kind, nothing that is held out), and
is then trained for each task under every seed; names that the training rows annotate and words that two texts share
are marked in what it reads. Data sets without splits are divided by a hash, so that no context or premise stands on
both sides. What is reported is the end of training: no step was chosen by the rows that it is measured on. The options
were: marks and allowed tags were first tried on the measured rows of cMedQANER, NCBI-disease and KLUE-NER, one seed;
those of MedMCQA were chosen by three parts of its training rows.

Everything is kept under `--out`; what is finished is not done again, and a killed run goes on where it was.

Run: python benchmarks/tasks.py --data DATA [--only NAME…] [--seeds 3] [--longer 4] [--start nothing] [--out runs/tasks]
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

from medenc.core.artifact import fingerprint, input_content, is_current, open_artifact, writing
from medenc.core.files import write_bytes
from medenc.core.plugins import build
from medenc.data.examples import Annotated, Choice, Labelled, Question
from medenc.data.mixing import Source, read_sources
from medenc.data.records import Passage
from medenc.evaluation.tasks import BASELINE, MODEL
from medenc.models.encoder import SIZES
from medenc.text.tokenizer import open_wordpiece

Values = dict[str, Any]
WARM_TOKENS = 128
RAW_CHARACTERS = 40_000_000  # of raw text beside the training rows, for each language
WORD_DROPOUT = 0.1
NEIGHBOURS = 4  # tokens on either side that count as a word's neighbours
RAW: dict[str, list[Values]] = {
    "en": [
        {"use": "passages", "path": "wikipedia_en_med/docs.jsonl.gz"},
        {"use": "passages", "path": "clinical_cases_en_ccby/e3c_layer3_ccby.jsonl.gz"},
        {"use": "passages", "path": "openstax_linked/derived_docs.jsonl.gz"},
        {"use": "beir", "path": "medquad/derived_retrieval"},
    ],
    "zh": [
        {"use": "beir", "path": "toyhom_zh_dialogue/derived_retrieval"},
        {"use": "beir", "path": "chineseblue/cMedIR_derived/dev"},
    ],
    "ko": [],
}


class Warm(NamedTuple):
    """The encoder of a language before its tasks."""

    size: str
    vocabulary: int
    steps: int  # of masked words
    rate: float = 1e-3


# At 1e-3 the loss in English stays on its plateau or not, as chance will have it.
ENCODERS = {"en": Warm("mini", 16_000, 600, 5e-4), "zh": Warm("mini", 8000, 600), "ko": Warm("tiny", 8000, 30)}


class Sides(NamedTuple):
    """Where rows are, below the folder of the data."""

    train: list[Values]
    test: list[Values]


@dataclass(frozen=True)
class Set:
    """A data set, and how a model is trained on it."""

    language: str
    rows: Sides
    task: Values
    fit: Values
    max_tokens: int = 128
    encoder: Values = field(default_factory=dict)  # what else it is asked for
    more: list[Values] = field(default_factory=list)  # more to learn from than the trivial way knows
    folds: int | None = None  # parts of the rows for measuring that are held out in turn, the others learned from


def given(folder: str, train: str, test: str, **reader: Any) -> Sides:
    """Both sides, as the publisher divided them."""
    return Sides([{"path": f"{folder}/{train}", **reader}], [{"path": f"{folder}/{test}", **reader}])


def divided(path: str, by: str, share: float = 0.25, **reader: Any) -> Sides:
    """Both sides of a file without splits."""

    def side(name: str) -> list[Values]:
        return [{"path": path, **reader, "transforms": [{"use": "part", "side": name, "share": share, "by": by}]}]

    return Sides(side("train"), side("held_out"))


def fit(epochs: int, rows: int = 32, rate: float = 5e-4, **more: Any) -> Values:
    """The options of the loop."""
    return {"learning_rate": rate, "num_train_epochs": epochs, "per_device_batch_size": rows, "threads": 1, **more}


NER = {"use": "tagging", "scheme": "bioes", "broken": "avoid", "mark_names": True}
CHARACTERS = {**NER, "unit": "character"}
SETS: dict[str, Set] = {
    "bc5cdr": Set(
        "en",
        given("ner_en_mtl2016/BC5CDR-IOB", "train.tsv.gz", "test.tsv.gz", use="conll"),
        task=NER,
        fit=fit(4),
    ),
    "ncbi": Set(
        "en",
        given("ner_en_mtl2016/NCBI-disease-IOB", "train.tsv.gz", "devel.tsv.gz", use="conll"),
        task=NER,
        fit=fit(4),
    ),
    "chemprot": Set(
        "en",
        given("scibert_tasks/text_classification/chemprot", "train.txt.gz", "dev.txt.gz", use="labelled"),
        task={"use": "classification", "measure": "micro_f1", "tokens": ["<<", ">>", "[[", "]]"]},
        fit=fit(3),
    ),
    "scicite": Set(
        "en",
        given("scibert_tasks/text_classification/sci-cite", "train.txt.gz", "dev.txt.gz", use="labelled"),
        task={"use": "classification", "measure": "macro_f1"},
        fit=fit(2),
    ),
    "pubmedqa": Set(
        "en",
        divided("pubmedqa/ori_pqal.json.gz", "id", 0.4, use="pubmedqa"),
        task={"use": "classification", "pair": True, "measure": "macro_f1", "class_weights": "balanced"},
        fit=fit(15, 16, rate=1e-3, frozen=True),
        max_tokens=384,
        encoder={"pooling": "mean"},
    ),
    "bioasq-factoid": Set(
        "en",
        given("bioasq_golden/derived_squad", "factoid_train.json.gz", "factoid_dev.json.gz", use="squad"),
        more=[{"use": "squad", "path": "bioasq_golden/derived_squad/list_train.json.gz"}],
        task={"use": "extractive_qa", "merge": "factoid", "no_answer": False, "mark_shared": True},
        fit=fit(2),
        max_tokens=256,
    ),
    "bioasq-list": Set(
        "en",
        given("bioasq_golden/derived_squad", "list_train.json.gz", "list_dev.json.gz", use="squad"),
        more=[{"use": "squad", "path": "bioasq_golden/derived_squad/factoid_train.json.gz"}],
        task={
            "use": "extractive_qa",
            "merge": "list",
            "learn": "each",
            "no_answer": False,
            "list_threshold": 0.1,
            "mark_shared": True,
        },
        fit=fit(2),
        max_tokens=256,
    ),
    "bioasq-yesno": Set(
        "en",
        given("bioasq_golden/derived_yesno", "train.jsonl", "dev.jsonl", use="bioasq_yes_no"),
        task={
            "use": "classification",
            "pair": True,
            "mark_shared": True,
            "by_group": True,
            "measure": "macro_f1",
            "all_labels": True,
            "class_weights": "balanced",
        },
        fit=fit(3),
        max_tokens=256,
    ),
    "covid-qa": Set(
        "en",
        divided("covid_qa/derived_fixed_offsets.json.gz", "context", use="squad"),
        task={
            "use": "extractive_qa",
            "no_answer": False,
            "include_unknowns": 0.3,
            "max_answer_tokens": 60,
            "n_best": 60,
            "choose": "expected_f1",
            "mark_shared": True,
            "mark_sentences": 4,
            "most_windows": 2,
        },
        fit=fit(2, 16),
        max_tokens=256,
    ),
    "medmcqa": Set(
        "en",
        divided("mcq_en/medmcqa_dev.jsonl.gz", "question", 0.3, use="choices"),
        task={"use": "multiple_choice", "letters": True},
        fit=fit(2, 16, rate=2e-4),
        max_tokens=96,
        encoder={"pooling": "mean"},  # the first token of an encoder that knows little learned less
    ),
    "cmedqaner": Set(
        "zh",
        given("chineseblue/cMedQANER", "train.txt.gz", "dev.txt.gz", use="conll", joined_by=""),
        task=CHARACTERS,
        fit=fit(8, 16),
    ),
    "cmedtc": Set(
        "zh",
        given("chineseblue/cMedTC", "train.txt.gz", "dev.txt.gz", use="tsv", columns=["label", "text"]),
        task={"use": "classification", "measure": "macro_f1"},
        fit=fit(1),
    ),
    "cmedic": Set(
        "zh",
        given("chineseblue/cMedIC", "train.txt.gz", "dev.txt.gz", use="tsv", columns=["label", "text"]),
        task={"use": "classification", "class_weights": "balanced"},
        fit=fit(12),
    ),
    "cmedqq": Set(
        "zh",
        given("chineseblue/cMedQQ", "train.txt.gz", "dev.txt.gz", use="tsv", columns=["label", "text", "pair"]),
        task={"use": "classification", "pair": True, "mark_shared": True},
        fit=fit(1),
    ),
    "diakg": Set(
        "zh",
        Sides([], [{"use": "diakg", "path": "diakg_sample/sample.json"}]),
        # Half of the trivial way's F1, 0.22, as if scores were logits: F1 is best where all is given that is right with
        # at least half of F1's probability (Lipton et al. 2014).
        task={"use": "triples", "mark_names": True, "recall_triples": True, "threshold": -1.25},
        fit=fit(60, 8, rate=1e-3),
        folds=5,
    ),
    "klue-ner": Set(
        "ko",
        divided("klue/klue-ner-v1.1_dev.tsv.gz", "id", use="conll", joined_by=""),
        task=CHARACTERS,
        fit=fit(6, rate=1e-3),
        max_tokens=160,
    ),
    "klue-nli": Set(
        "ko",
        divided("klue/klue-nli-v1.1_dev.json.gz", "text", use="labelled"),
        task={"use": "classification", "pair": True, "mark_shared": True},
        fit=fit(6, rate=1e-3),
    ),
}


def made(path: Path, step: Any) -> Path:
    """The step's result at `path`, unless it stands there."""
    options = step.model_dump(mode="json")
    inputs = {str(place): input_content(place) for place in step.paths()}
    if not is_current(path, fingerprint(step.kind, options, inputs, step.version)):
        with writing(path, step.kind, options=options, inputs=inputs, version=step.version) as draft:
            step.run(draft)
    return path


def placed(sources: list[Values], data: Path) -> list[Values]:
    """The sources with the paths of this machine."""
    return [{**source, "path": str(data / source["path"])} for source in sources]


def texts(language: str, data: Path) -> list[str]:
    """What the training rows of a language say, and raw text; each once, in order."""
    own = [source for one in SETS.values() if one.language == language for source in (*one.rows.train, *one.more)]
    rows, _ = read_sources([Source.parse(source, "texts") for source in placed(own, data)], "texts")
    raw, _ = read_sources([Source.parse(source, "texts") for source in placed(RAW[language], data)], "texts")
    said = dict.fromkeys(" ".join(text.split()) for row in rows for text in _said(row))
    more, left = [], RAW_CHARACTERS
    for record in raw:
        left -= len(record.content)
        more += [" ".join(record.content.split())] if left > 0 else []
    return [text for text in (*said, *more) if text]


def _said(row: Any) -> Iterator[str]:
    match row:
        case Labelled():
            yield from (row.text, row.pair)
        case Question():
            yield from (row.question, row.context)
        case Choice():
            yield f"{row.question} {' '.join(row.options)}"
        case Annotated():
            yield row.text
        case Passage():
            yield row.content


def begun(language: str, out: Path, corpus: Path, tokenizer: Path) -> Path:
    """A fresh BERT whose word vectors know the words' neighbours, as transformers stores one."""
    import torch
    from transformers import BertConfig, BertModel, logging

    size, vocabulary, *_ = ENCODERS[language]
    folder = out / "begun" / f"{language}-{size}-{vocabulary}-{corpus.stem}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    logging.disable_progress_bar()
    shutil.copytree(tokenizer, folder.with_name(f"{folder.name}.part"), dirs_exist_ok=True)
    pieces = open_wordpiece(tokenizer)
    layers, width, heads = SIZES[size]
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=pieces.get_vocab_size(),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
    )
    model = BertModel(config)
    pieces.no_truncation()
    lines = pieces.encode_batch(corpus.read_text(encoding="utf-8").splitlines(), add_special_tokens=False)
    vectors = neighbour_vectors([np.array(line.ids) for line in lines], config.vocab_size, width)
    model.embeddings.word_embeddings.weight.data[:] = torch.from_numpy(vectors)
    model.save_pretrained(folder.with_name(f"{folder.name}.part"))
    (folder.with_name(f"{folder.name}.part") / "manifest.json").unlink()  # the tokenizer's
    return folder.with_name(f"{folder.name}.part").rename(folder)


def neighbour_vectors(lines: list[np.ndarray], vocabulary: int, width: int) -> np.ndarray:
    """Word vectors (vocabulary, width) float32 from a truncated SVD of positive pointwise mutual information.

    Source: Levy and Goldberg, NIPS 2014, with the square root of the singular values.
    """
    apart = np.full(NEIGHBOURS, -1)
    ids = np.concatenate([part for line in lines for part in (line, apart)])
    counts = csr_matrix((vocabulary, vocabulary), dtype=np.float32)
    for distance in range(1, NEIGHBOURS + 1):
        left, right = ids[:-distance], ids[distance:]
        both = (left >= 0) & (right >= 0)
        ones = np.ones(int(both.sum()), dtype=np.float32)
        counts = counts + csr_matrix((ones, (left[both], right[both])), shape=counts.shape)
    counts = (counts + counts.T).tocoo()
    often = np.maximum(np.bincount(counts.row, counts.data, vocabulary), 1)
    information = np.log(
        counts.data * often.sum() / (often[counts.row] * often[counts.col] ** 0.75 * often.sum() ** 0.25)
    )
    kept = information > 0
    positive = csr_matrix((information[kept], (counts.row[kept], counts.col[kept])), shape=counts.shape)
    vectors, strengths, _ = svds(positive.astype(np.float32), k=width, v0=np.ones(vocabulary, dtype=np.float32))
    scaled = vectors * np.sqrt(strengths)
    return np.asarray(scaled * (0.04 / scaled.std()), dtype=np.float32)


def read(language: str, data: Path, out: Path) -> tuple[Path, Path]:
    """The texts of a language, and a tokenizer that learned from them."""
    corpus = out / "texts" / f"{language}-{RAW_CHARACTERS // 1_000_000}M.txt"
    if not corpus.exists():
        corpus.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(corpus, "".join(f"{text}\n" for text in texts(language, data)).encode())
    options: Values = {"use": "tokenizer", "texts": [corpus], "vocab_size": ENCODERS[language].vocabulary}
    return corpus, made(out / "tokenizer" / language, build("step", options, "tokenizer"))


def warm(language: str, data: Path, out: Path) -> Path:
    """The encoder of a language, which has learned masked words."""
    corpus, tokenizer = read(language, data, out)
    loop = {
        "learning_rate": ENCODERS[language].rate,
        "max_steps": ENCODERS[language].steps,
        "tokens_per_batch": 8192,
        "threads": 1,
        "save_every_steps": 200,
    }
    step: Values = {
        "use": "train",
        "start": begun(language, out, corpus, tokenizer),
        "encoder": {"max_tokens": 512, "languages": [language]},
        "objective": {"use": "masked_lm", "max_tokens": WARM_TOKENS},
        "data": [{"use": "lines", "path": corpus}],
        "fit": loop,
        "backend": "none",
    }
    return made(out / "warm" / language, build("step", step, "warm"))


def start(kind: str, language: str, data: Path, out: Path) -> Values:
    """Where an encoder begins: `warm`, with its words' `neighbours` alone, or from `nothing`."""
    if kind == "warm":
        return {"start": warm(language, data, out)}
    corpus, tokenizer = read(language, data, out)
    if kind == "neighbours":
        return {"start": begun(language, out, corpus, tokenizer)}
    return {"start": {"size": ENCODERS[language].size}, "tokenizer": tokenizer}


def measured(name: str, data: Path, out: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """The numbers of a data set under some seeds, after `longer` times its epochs."""
    own, seeds, longer = SETS[name], asked.seeds, asked.longer
    train: Values = {
        **start(asked.start, own.language, data, out),
        "encoder": {"max_tokens": own.max_tokens, **own.encoder},
        "dropout": 0.1,
        "objective": {"use": "supervised", "task": own.task, "word_dropout": WORD_DROPOUT},
        "data": placed([*own.rows.train, *own.more], data),
        "fit": {**own.fit, "num_train_epochs": longer * own.fit["num_train_epochs"]},
    }
    options = {
        "use": "seeds",
        "seeds": list(range(seeds)),
        "train": train,
        "data": placed(own.rows.test, data),
        "folds": own.folds and {"n": own.folds},
        "rounds": 200,
    }
    sets = out / ("sets" if asked.start == "warm" else f"sets-{asked.start}")
    path = made(_with_earlier_seeds(sets / f"{name}-x{longer}-{seeds}", seeds), build("step", options, name))
    numbers: dict[str, Any] = open_artifact(path).manifest["numbers"]
    return numbers


def _with_earlier_seeds(path: Path, seeds: int) -> Path:
    """The place of a run, with the models of one with fewer seeds beside it; the step checks them before use."""
    for fewer in range(seeds - 1, 0, -1):
        earlier = path.with_name(f"{path.name.rpartition('-')[0]}-{fewer}")
        if earlier.exists() and not path.exists():
            for model in earlier.glob("seed-*/"):
                shutil.copytree(model, path.with_name(f"{path.name}.seeds") / model.name, dirs_exist_ok=True)
            break
    return path


def row(name: str, numbers: Mapping[str, Any]) -> str:
    """A line of the table."""
    main = numbers["main"]
    items, spread = numbers["items"][MODEL][main], numbers["intervals"][MODEL].get(main)
    cells = [
        name,
        f"{numbers['n_queries']}",
        main,
        f"{numbers['scores'][BASELINE][main]:.3f} ({numbers['baseline']})",
        f"{numbers['scores'][MODEL][main]:.3f} [{items[0]:.3f}, {items[1]:.3f}]",
        f"[{spread[0]:.3f}, {spread[1]:.3f}]" if spread else "one seed",
        f"{numbers['tests'][0]['p']:.3g}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--longer", type=int, default=1, help="times the epochs")
    parser.add_argument("--start", choices=("warm", "neighbours", "nothing"), default="warm", help="of the encoders")
    parser.add_argument("--out", type=Path, default=Path("runs/tasks"))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found: dict[str, Any] = {}
    print(
        "| data | rows | measure | trivial way | mean, over items | over seeds | p |\n|---|---|---|---|---|---|---|",
        flush=True,
    )
    for name in asked.only:
        began = time.monotonic()
        found[name] = measured(name, asked.data, asked.out, asked) | {"seconds": time.monotonic() - began}
        print(row(name, found[name]), flush=True)
    if asked.json:
        print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
