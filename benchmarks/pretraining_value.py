"""What pre-training is worth: small encoders from nothing, the same steps and tokens for every arm, several seeds.

    python benchmarks/pretraining_value.py links DOCUMENTS [--edges FILE…] --out runs/value/NAME
    python benchmarks/pretraining_value.py rank --out runs/value/NAME      # with the models that `links` left there
    python benchmarks/pretraining_value.py chinese --texts FILE… --terms FILE --tasks CHINESEBLUE --out runs/value/NAME

`links`: LinkBERT beside plain masked words (in full rows) and beside BERT's task of the next segment (contiguous or
random, no links), on one corpus of which whole neighbourhoods of documents are held out: how well relations of held-out
pairs are told, and, after the same fine-tuning of all, whether a held-out document links to another one, with negatives
at random and with negatives that share many words. Documents without links of their own link to those whose title they
mention.

`chinese`: masked tokens, masked terms, replaced tokens and multi-level discrimination, each fine-tuned alike on cMedTC
and cMedQQ, beside fine-tuning from nothing; multi-level sees every row twice and gets half the rows.

Everything is kept under `--out`, and a run that is started again goes on where it was.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medenc.core.artifact import MANIFEST, writing
from medenc.core.files import write_bytes, write_json
from medenc.data.links import LINKED
from medenc.data.sources import read_names
from medenc.metrics.significance import mean_interval
from medenc.models.folder import encode, open_model, open_tokenizer, read_heads
from medenc.objectives.document_link import DocumentLink
from medenc.steps.prepare import Prepare
from medenc.steps.tokenizer import TokenizerStep
from medenc.steps.train import Train

BLOCK, EVERY = 40, 5  # documents of a neighbourhood; one neighbourhood of five is held out
CANDIDATES = 50  # unlinked documents; the negative is one of them, or where it is hard, the one with most common words
PAIRS = ("easy", "hard")
RANKED = 20  # documents of which one is linked
LINK_ARMS: dict[str, dict[str, Any]] = {
    "linked": {"use": "document_link"},
    "next": {"use": "document_link", "sampling": {"weights": [1, 1, 0]}},
    "masked": {"use": "masked_lm"},
}
ARMS: dict[str, dict[str, Any]] = {
    "masked tokens": {"use": "masked_lm", "masking": {"unit": "token"}},
    "masked terms": {"use": "masked_lm", "masking": {"unit": "entity"}},
    "replaced tokens": {"use": "replaced_token", "masking": {"unit": "entity", "mask_share": 1, "random_share": 0}},
    "multi-level": {"use": "multi_level", "masking": {"unit": "entity"}},
}
TASKS = {  # ChineseBLUE's folder: columns, pairs, measure, steps, labelled rows to learn from
    "cMedTC": (["label", "text"], False, "macro_f1"),
    "cMedQQ": (["label", "text", "pair"], True, "accuracy"),
}
Scores = dict[str, float]


def made(path: Path, step: Any) -> Path:
    """The finished artifact of a step; one that is there is not made again."""
    if not (path / MANIFEST).is_file():
        with writing(path, step.kind, options=step.model_dump(mode="json"), version=step.version) as draft:
            step.run(draft)
    return path


def last_measured(model: Path) -> Scores:
    """Scores on development data after the last step, which is the only one that was measured."""
    line: Scores = json.loads((model / "metrics.jsonl").read_text().splitlines()[-1])["dev"]
    return line


def fit(given: argparse.Namespace, seed: int, steps: int, rows: int, rate: float) -> dict[str, Any]:
    """Measured once, at the end, so that no arm gains by choosing its best moment."""
    return {
        "learning_rate": rate,
        "max_steps": steps,
        "per_device_batch_size": rows,
        "adam_beta2": 0.98,
        "eval_every_steps": steps,
        "keep": "last",
        "seed": seed,
        "threads": given.threads,
        "precision": "fp32",
    }


def pretrained(path: Path, given: argparse.Namespace, seed: int, objective: dict[str, Any], **data: Any) -> Path:
    """An encoder from nothing under an objective."""
    halved = 2 if objective["use"] == "multi_level" else 1
    options = fit(given, seed, given.steps, given.rows // halved, given.rate)
    return made(path, training(given, start={"size": given.size}, objective=objective, fit=options, **data))


def fine_tuned(path: Path, given: argparse.Namespace, seed: int, task: dict[str, Any], **data: Any) -> Scores:
    """Scores of a start after fine-tuning, which is the same for all."""
    objective = {"use": "supervised", "task": {"use": "classification", **task}}
    options = fit(given, seed, given.task_steps, 32, 1e-3)
    pooling = "pooler" if given.kind == "links" else "mean"  # of texts, what tells more after so little training
    return last_measured(made(path, training(given, pooling, objective=objective, fit=options, **data)))


def training(given: argparse.Namespace, pooling: str = "pooler", **values: Any) -> Train:
    """A step that trains; the pooler is pre-trained where an objective reads it."""
    shape = {"pooling": pooling, "max_tokens": given.tokens}
    return Train.parse({"dropout": 0.1, "encoder": shape, "backend": "none", **values}, "train")


def links(given: argparse.Namespace) -> dict[str, list[Scores]]:
    """LinkBERT and plain masked words, then the pair task."""
    split = halves(given.documents, given.edges, given.out / "documents")
    tokenizer = made(given.out / "tokenizer", TokenizerStep(texts=[split["train"]], vocab_size=given.vocabulary))
    corpora = {
        name: made(
            given.out / name,
            Prepare(files=[path], tokenizer=tokenizer, max_tokens=given.tokens, links="explicit", max_bad=0),
        )
        for name, path in split.items()
    }
    packed = made(
        given.out / "packed",
        Prepare(files=[split["train"]], tokenizer=tokenizer, max_tokens=given.tokens, across_documents=True),
    )
    dev = [{"use": "shards", "path": corpora["dev"]}]
    labelled = {
        kind: {
            side: [labelled_pairs(split[name], given.out / kind)] for side, name in (("data", "train"), ("dev", "dev"))
        }
        for kind in given.pairs
    }
    found = defaultdict(list)
    for seed in range(given.seeds):
        for arm in given.arms:
            folder, start = given.out / f"{arm}-{seed}", {"start": {"size": given.size}, "tokenizer": tokenizer}
            scores: Scores = {}
            if arm in LINK_ARMS:
                data = [{"use": "shards", "path": packed if arm == "masked" else corpora["train"]}]
                model = pretrained(folder, given, seed, LINK_ARMS[arm], tokenizer=tokenizer, data=data, dev=dev)
                scores, start = last_measured(model), {"start": model}
            for kind, rows in labelled.items():
                tuned = fine_tuned(
                    folder.with_name(f"{folder.name}.{kind}"), given, seed, {"pair": True}, **start, **rows
                )
                scores[kind] = tuned["accuracy"]
            found[arm].append(scores)
            report(given.out, found)
    return found


def ranked(given: argparse.Namespace) -> None:
    """Where the right target stands among 20, by the relation head: drawn from all documents, and from targets alone.

    Only a model that reads both sides does better than chance among targets: that something looks like a target does
    not help there. Beside it, the cosine of the plain model's mean vectors.
    """
    rows = {row["id"]: row for row in map(json.loads, (given.out / "documents/dev.jsonl").read_text().splitlines())}
    linked = [(id_, target) for id_, row in rows.items() for target in dict.fromkeys(row["links"])]
    pools = {"all": sorted(rows), "targets": sorted({target for _, target in linked})}
    for seed in range(given.seeds):
        by = {"relation": by_relation(given.out / f"linked-{seed}"), "cosine": by_cosine(given.out / f"masked-{seed}")}
        for name, pool in pools.items():
            rng = random.Random(0)
            firsts: dict[str, list[bool]] = {kind: [] for kind in by}
            for id_, target in rng.sample(linked, min(given.queries, len(linked))):
                others = [one for one in rng.sample(pool, 40) if not near(rows, id_, one)][: RANKED - 1]
                texts = [content(rows[one]) for one in (target, *others)]
                for kind, score in by.items():
                    scores = score(content(rows[id_]), texts)
                    firsts[kind].append(bool(scores[0] > scores[1:].max()))
            shares = "  ".join(f"{kind} {np.mean(hits):.3f}" for kind, hits in firsts.items())
            print(f"seed {seed}, first among {RANKED} of {name}: {shares}", flush=True)


def by_relation(folder: Path) -> Callable[[str, list[str]], np.ndarray]:
    """The logarithm of the probability that a text is linked."""
    model, tokenizer = open_model(folder).query.eval(), open_tokenizer(folder)
    heads = DocumentLink().heads(model)
    read_heads(heads, folder)

    def score(text: str, others: list[str]) -> np.ndarray:
        batch = tokenizer(
            [text] * len(others), others, truncation=True, max_length=128, padding=True, return_tensors="pt"
        )
        with torch.inference_mode():
            output = model.read(batch["input_ids"], batch["attention_mask"], batch["token_type_ids"])
            found: np.ndarray = heads.eval()["relation"](output).log_softmax(-1)[:, LINKED].numpy()
        return found

    return score


def by_cosine(folder: Path) -> Callable[[str, list[str]], np.ndarray]:
    """The cosine of mean vectors."""
    model, tokenizer = open_model(folder, pooling="mean").query, open_tokenizer(folder)

    def score(text: str, others: list[str]) -> np.ndarray:
        first, *rest = encode(model, tokenizer, [text, *others])
        return np.array(rest) @ first

    return score


def chinese(given: argparse.Namespace) -> dict[str, list[Scores]]:
    """Every objective, then every task."""
    tokenizer = made(given.out / "tokenizer", TokenizerStep(texts=given.texts, vocab_size=given.vocabulary))
    corpus = made(
        given.out / "corpus",
        Prepare(files=given.texts, tokenizer=tokenizer, terms=terms(given), max_tokens=given.tokens),
    )
    labelled = {name: task_rows(given.tasks / name, given.out / "rows" / name, given.labelled) for name in given.on}
    found = defaultdict(list)
    for seed in range(given.seeds):
        for arm, objective in {**ARMS, "nothing": None}.items():
            folder = given.out / f"{arm.replace(' ', '-')}-{seed}"
            start: dict[str, Any] = {"start": {"size": given.size}, "tokenizer": tokenizer}
            if objective is not None:
                shards = [{"use": "shards", "path": corpus}]
                start = {"start": pretrained(folder, given, seed, objective, tokenizer=tokenizer, data=shards)}
            scores: Scores = {}
            for name in given.on:
                columns, pair, measure = TASKS[name]
                data = {
                    side: [{"use": "tsv", "columns": columns, "path": path}] for side, path in labelled[name].items()
                }
                task = {"pair": pair, "measure": measure}
                tuned = folder.with_name(f"{folder.name}.{name}")
                scored = fine_tuned(tuned, given, seed, task=task, **start, **data)
                scores |= {f"{name} {one}": scored[one] for one in ("accuracy", "macro_f1")}
            found[arm].append(scores)
            report(given.out, found)
    return found


def documents(path: Path, edges: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Documents by id, with the links that they or the edge files declare, or the titles that they mention."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        found = {row["id"]: row for row in map(json.loads, lines)}
    declared = any("links" in row for row in found.values())
    for row in found.values():
        row["links"] = list(row.get("links", ()))
    for file in edges:
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rt", encoding="utf-8") as lines:
            for source, target, *_ in (line.rstrip("\n").split("\t") for line in list(lines)[1:]):
                if source in found:
                    found[source]["links"].append(target)
    if not declared and not edges:
        mention(found.values())
    return found


def mention(rows: Collection[dict[str, Any]]) -> None:
    """Link documents to those whose title stands in their text."""
    titles = {row["title"].lower(): row["id"] for row in rows}
    longest_first = sorted(titles, key=len, reverse=True)
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, longest_first)) + r")\b")
    for row in rows:
        row["links"] = sorted({titles[title] for title in pattern.findall(row["text"].lower())} - {row["id"]})


def halves(path: Path, edges: Sequence[Path], out: Path) -> dict[str, Path]:
    """The files of training and held-out documents; links between the halves are left out."""
    files = {name: out / f"{name}.jsonl" for name in ("train", "dev")}
    if not all(file.is_file() for file in files.values()):
        rows = documents(path, edges)
        order = walked(rows)
        held = {id_ for place, id_ in enumerate(order) if place // BLOCK % EVERY == EVERY - 1}
        for name, own in (("train", rows.keys() - held), ("dev", held)):
            kept = [rows[id_] | {"links": [one for one in rows[id_]["links"] if one in own]} for id_ in sorted(own)]
            text = "".join(json.dumps({k: row[k] for k in ("id", "title", "text", "links")}) + "\n" for row in kept)
            out.mkdir(parents=True, exist_ok=True)
            write_bytes(files[name], text.encode())
    return files


def walked(rows: dict[str, dict[str, Any]]) -> list[str]:
    """All ids, those that link to a document soon after it: depth first, from what links to nothing."""
    sources = defaultdict(list)
    for id_, row in sorted(rows.items()):
        for target in row["links"]:
            sources[target].append(id_)
    found: dict[str, None] = {}
    for start in sorted(rows, key=lambda id_: (bool(rows[id_]["links"]), id_)):
        stack = [start]
        while stack:
            id_ = stack.pop()
            if id_ not in found:
                found[id_] = None
                stack += reversed(sources[id_])
    return list(found)


def labelled_pairs(path: Path, folder: Path) -> dict[str, Any]:
    """Linked pairs of texts, and as many that are not; at most 4,000 rows, as a source of data."""
    out = folder / path.name
    if not out.is_file():
        rows = {row["id"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}
        linked = [(id_, target) for id_, row in rows.items() for target in dict.fromkeys(row["links"])]
        targets, rng = sorted({target for _, target in linked}), random.Random(0)
        words = {id_: set(re.findall(r"\w{4,}", content(row).lower())) for id_, row in rows.items()}
        lines = []
        for id_, target in rng.sample(linked, min(2000, len(linked))):
            others = [one for one in rng.sample(targets, min(CANDIDATES, len(targets))) if not near(rows, id_, one)]
            if folder.name == "hard" and others:
                others.sort(key=lambda one: -len(words[id_] & words[one]) / (1 + len(words[one])) ** 0.5)
            for label, other in (("linked", target), ("not", others[0])) if others else ():
                lines.append({"text_a": content(rows[id_]), "text_b": content(rows[other]), "label": label})
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(out, "".join(json.dumps(line) + "\n" for line in lines).encode())
    return {"use": "labelled", "path": out}


def near(rows: dict[str, dict[str, Any]], one: str, other: str) -> bool:
    """Whether they are the same document or linked in either direction."""
    return one == other or other in rows[one]["links"] or one in rows[other]["links"]


def content(row: dict[str, Any]) -> str:
    """The title and the beginning of the text."""
    return f"{row['title']}. {row['text'][:250]}"


def task_rows(folder: Path, out: Path, count: int) -> dict[str, Path]:
    """A task's development rows, and as many training rows as are asked for."""
    few = out / "train.txt"
    if not few.is_file():
        rows = gzip.decompress((folder / "train.txt.gz").read_bytes()).decode().splitlines(keepends=True)
        out.mkdir(parents=True, exist_ok=True)
        write_bytes(few, "".join(random.Random(0).sample(rows, min(count, len(rows)))).encode())
    return {"data": few, "dev": folder / "dev.txt.gz"}


def terms(given: argparse.Namespace) -> Path:
    """A terminology: the names of the given one, and what cMedQANER's training rows mark."""
    file: Path = given.out / "terms.tsv"
    if not file.is_file():
        rows = map(json.loads, gzip.decompress((given.tasks / "cMedQANER/train.json.gz").read_bytes()).splitlines())
        names = {mention["mention"] for row in rows for mention in row["mention_data"]}
        names |= {name.term for name in read_names(given.terms) if name.language in ("", "zh")}
        file.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(file, "".join(f"{n}\tzh\t{name}\n" for n, name in enumerate(sorted(names))).encode())
    return file


def report(out: Path, found: dict[str, list[Scores]]) -> None:
    """Write the scores of every seed, and print their means with Student's intervals."""
    write_json(out / "scores.json", found)
    for arm, runs in found.items():
        for name in runs[0]:
            values = [run[name] for run in runs]
            low, high = mean_interval(values) or (float("nan"), float("nan"))
            each = " ".join(f"{value:.3f}" for value in values)
            print(f"{arm:16} {name:20} {np.mean(values):.3f} [{low:.3f}, {high:.3f}]  {each}", flush=True)
    print(flush=True)


def main() -> None:
    """Run one comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--out", type=Path, required=True)
    shared.add_argument("--size", default="tiny")
    shared.add_argument("--seeds", type=int, default=3)
    shared.add_argument("--steps", type=int, default=600)
    shared.add_argument("--rows", type=int, default=32)
    shared.add_argument("--tokens", type=int, default=128)
    shared.add_argument("--rate", type=float, default=1e-3)
    shared.add_argument("--vocabulary", type=int, default=8000)
    shared.add_argument("--task-steps", type=int, default=250)
    shared.add_argument("--threads", type=int, default=1)
    kinds = parser.add_subparsers(dest="kind", required=True)
    linked = kinds.add_parser("links", parents=[shared])
    linked.add_argument("documents", type=Path)
    linked.add_argument("--arms", nargs="+", choices=(*LINK_ARMS, "nothing"), default=[*LINK_ARMS, "nothing"])
    linked.add_argument("--pairs", nargs="*", choices=PAIRS, default=PAIRS)
    linked.add_argument("--edges", type=Path, nargs="*", default=[])
    kinds.add_parser("rank", parents=[shared]).add_argument("--queries", type=int, default=150)
    han = kinds.add_parser("chinese", parents=[shared])
    han.add_argument("--texts", type=Path, nargs="+", required=True)
    han.add_argument("--terms", type=Path, required=True)
    han.add_argument("--tasks", type=Path, required=True)
    han.add_argument("--on", nargs="+", choices=TASKS, default=[*TASKS], help="tasks to fine-tune on")
    han.add_argument("--labelled", type=int, default=4000)
    given = parser.parse_args()
    runs: dict[str, Callable[[argparse.Namespace], Any]] = {"links": links, "rank": ranked, "chinese": chinese}
    runs[given.kind](given)


if __name__ == "__main__":
    main()
