"""What aligning the names of concepts is worth: cross-lingual linking of held-back concepts, and NCBI-disease.

    python benchmarks/alignment.py --data DATA --out runs/alignment --seeds 3

Three hundred ICD-10 codes with names in Korean, English and Chinese are held back. One encoder a seed is aligned on
English synonyms (Disease Ontology, MedQuAD), then on the other codes in three languages. Before and after each stage
the Korean and Chinese names of the held-back codes are linked to the English names of all codes, and the development
mentions of NCBI-disease to MeSH and OMIM names; beside them stands character 3-gram Jaccard. No model has seen a Korean
or Chinese name of a held-back code. Many NCBI mentions are also synonyms in the terminologies: `unread` are the others.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from medenc.core.artifact import fingerprint, input_content, is_current, open_artifact, writing
from medenc.core.files import write_bytes, write_json
from medenc.core.plugins import build
from medenc.data.leaks import key
from medenc.data.sources import read_names

HELD_BACK = 300
PAIRS = (("ko", "en"), ("zh", "en"))


def main() -> None:
    """Run every seed, then print the table."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    given.add_argument("--out", type=Path, default=Path("runs/alignment"))
    given.add_argument("--seeds", type=int, default=3)
    given.add_argument("--size", default="mini")
    given.add_argument("--steps", type=int, nargs=2, default=[3000, 1500], help="of the two stages")
    options = given.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    files = split(options.data / "icd10_ko_en_zh" / "derived_trilingual.tsv", options.out)
    results = [one_seed(options, files, seed) for seed in range(options.seeds)]
    write_json(options.out / "alignment.json", results)
    print(table(results))


def split(trilingual: Path, out: Path) -> dict[str, Path]:
    """Training rows, and for each pair of languages the held-back names and the names that they are linked to."""
    rows = [line.split("\t") for line in trilingual.read_text(encoding="utf-8").splitlines()]
    header, rows = rows[0], [row for row in rows[1:] if all(row)]
    held = set(random.Random(0).sample(sorted(row[0] for row in rows), HELD_BACK))
    texts = {"train.tsv": ["\t".join(row) for row in [header, *(row for row in rows if row[0] not in held)]]}
    column = {language: header.index(language) for language in header[1:]}
    for source, target in PAIRS:
        texts[f"{target}.txt"] = [f"{row[0]}||{row[column[target]]}" for row in rows]
        texts[f"{source}-{target}.txt"] = [f"{row[0]}||{row[column[source]]}" for row in rows if row[0] in held]
    for name, lines in texts.items():
        write_bytes(out / name, ("\n".join(lines) + "\n").encode())
    return {name: out / name for name in texts}


def one_seed(options: argparse.Namespace, files: dict[str, Path], seed: int) -> dict[str, Any]:
    """Scores of the encoder before, between and after the stages."""
    data, out = options.data, options.out / f"seed-{seed}"
    english = [
        data / "disease_ontology" / "derived_synonyms.txt.gz",
        data / "medquad" / "derived_synonyms_cui.txt.gz",
    ]
    words = out / "words.txt"
    out.mkdir(exist_ok=True)
    names = [name.term for path in [*english, files["train.tsv"]] for name in read_names(path)]
    write_bytes(words, "\n".join(names).encode())
    tokenizer = step("tokenizer", out / "tokenizer", texts=[str(words)], vocab_size=12000)
    encoder = {"pooling": "mean", "max_tokens": 64}
    common = {"per_device_batch_size": 128, "seed": seed, "threads": 1}

    def aligned(name: str, start: Any, sources: list[dict[str, Any]], steps: int, rate: float) -> Path:
        fit = common | {"max_steps": steps, "learning_rate": rate}
        return step(
            "train", out / name, start=start, tokenizer=str(tokenizer), encoder=encoder, data=sources, fit=fit,
            objective={"use": "self_alignment", "max_tokens": 32}, dropout=0.1,
        )  # fmt: skip

    trilingual = {"use": "multilingual", "path": str(files["train.tsv"])}
    synonyms = [{"use": "names", "path": str(path)} for path in english]
    fresh = aligned("none", {"size": options.size}, synonyms, 1, 1e-12)
    first = aligned("english", {"size": options.size}, synonyms, options.steps[0], 1e-3)
    second = aligned("trilingual", str(first), [trilingual], options.steps[1], 5e-4)
    models = {"not aligned": fresh, "English": first, "English, then trilingual": second}
    return {name: scores(model, data, files, out) for name, model in models.items()}


def scores(model: Path, data: Path, files: dict[str, Path], out: Path) -> dict[str, Any]:
    """Acc@1 and Acc@5 with intervals on every test, by meaning alone and fused with spelling."""
    tests = {f"{a}-{b}": (files[f"{b}.txt"], files[f"{a}-{b}.txt"], None) for a, b in PAIRS}
    ncbi = data / "ncbi_disease" / "derived_mentions"
    mesh = data / "disease_ontology" / "derived_dictionary_mesh_omim.txt.gz"
    tests["NCBI-disease dev"] = (mesh, ncbi / "dev.txt", ncbi / "train.txt")
    tests["unread NCBI-disease dev"] = (mesh, unread(ncbi / "dev.txt", out), ncbi / "train.txt")
    found = {}
    for name, (names, mentions, train) in tests.items():
        place = out / f"{model.name}-{name.split()[0]}"
        extra = {"calibrate": str(train)} if train else {}
        dictionary = step("dictionary", place / "terms", files=[str(names)], model=str(model), **extra)
        report = step(
            "evaluate_linking", place / "report", dictionary=str(dictionary), mentions=str(mentions), model=str(model)
        )
        numbers = open_artifact(report).manifest["numbers"]
        kept = {part: numbers[part]["sound"] for part in ("scores", "intervals")}
        found[name] = {**kept, "tests": numbers["tests"], "mentions": numbers["mentions"]["n"]}
    return found


def unread(mentions: Path, out: Path) -> Path:
    """The mentions whose string is no name that the encoder was aligned on."""
    read = {key(line) for line in (out / "words.txt").read_text(encoding="utf-8").splitlines()}
    lines = mentions.read_text(encoding="utf-8").splitlines(keepends=True)
    left = [line for line in lines if key(line.split("||")[1]) not in read]
    write_bytes(out / "unread.txt", "".join(left).encode())
    return out / "unread.txt"


def step(use: str, out: Path, **options: Any) -> Path:
    """Run a step into `out`, unless it stands there already."""
    made: Any = build("step", {"use": use, **options}, use)
    inputs = {given: input_content(Path(given)) for given in _strings(options) if Path(given).exists()}
    if not is_current(out, fingerprint(made.kind, options, inputs, made.version)):
        with writing(out, made.kind, options=options, inputs=inputs, version=made.version) as draft:
            made.run(draft)
    return out


def _strings(options: Any) -> Iterator[str]:
    """Every string among nested options."""
    if isinstance(options, str):
        yield options
    elif isinstance(options, dict | list):
        for value in options.values() if isinstance(options, dict) else options:
            yield from _strings(value)


def table(results: list[dict[str, Any]]) -> str:
    """Means over the seeds, and each seed, as Markdown; p is the first seed's, against Jaccard."""
    lines = ["| aligned on | test | n | mode | Acc@1 (each seed) | first interval | p | Acc@5 |", "|---" * 8 + "|"]
    for aligned in results[0]:
        for test, found in results[0][aligned].items():
            for mode in found["scores"]:
                cells = [[r[aligned][test]["scores"][mode][m] for r in results] for m in ("Acc@1", "Acc@5")]
                each = ", ".join(f"{value:.3f}" for value in cells[0])
                low, high = found["intervals"][mode]["Acc@1"]
                p = [f"{t['p']:.4f}" for t in found["tests"] if (t["a"], t["measure"]) == (mode, "Acc@1")]
                row = [aligned, test, str(found["mentions"]), mode, f"{np.mean(cells[0]):.3f} ({each})"]
                row += [f"[{low:.3f}, {high:.3f}]", *(p or [""]), f"{np.mean(cells[1]):.3f}"]
                lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
