"""What mined negatives are worth: the recipe `zh-corom` on real corpora, its two stages beside each other and BM25.

    python benchmarks/two_stage.py CORPUS… --out runs/two-stage --steps 600 --seeds 1

A corpus is a BEIR folder with train and dev judgements. Stage 1 trains an encoder from nothing on random negatives.
The second stage has three arms: `on` goes on from stage 1 with half the steps and mined negatives that score at most
95 % of the positive, as the recipe says; `again` trains from nothing once more, on all mined and on random ones;
`control` goes on as long as `on` with random ones, which tells what the negatives are worth and what the steps.
Nothing is chosen on the dev queries: the hybrid search has the default share of the dense score.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from medenc.core.files import write_json
from medenc.metrics.significance import paired_test
from medenc.recipe import load

CHANGES = {
    "on": [],
    "again": [
        "mine.filters={}",
        'stage2.data=[{ PAIRS, negatives = "@mine/negatives.trec", random_negatives = 100 }]',
        "stage2.tokenizer=@tokenizer",
    ],
    "control": ["stage2.data=[{ PAIRS, random_negatives = 100 }]"],
}
MEASURES = ("nDCG@10", "RR@10", "R@1000")


def main() -> None:
    """Run every corpus and seed, then print the table."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("corpora", type=Path, nargs="+")
    given.add_argument("--out", type=Path, default=Path("runs/two-stage"))
    given.add_argument("--steps", type=int, default=600)
    given.add_argument("--seeds", type=int, default=1)
    given.add_argument("--size", default="tiny")
    given.add_argument("--arms", nargs="+", choices=CHANGES, default=list(CHANGES))
    options = given.parse_args()
    results = []
    for corpus in options.corpora:
        for seed in range(options.seeds):
            results.append({"corpus": name(corpus), "seed": seed, **measured(corpus, seed, options)})
            print(table(results[-1:]), flush=True)
    write_json(options.out / f"two-stage-{'-'.join(options.arms)}.json", results)
    print(table(results))


def name(corpus: Path) -> str:
    """The folder that says which corpus it is."""
    return corpus.parent.name if corpus.name.startswith("derived") else corpus.name


def measured(corpus: Path, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Scores of each system, and the paired tests that matter."""
    out = options.out / f"{name(corpus)}-{seed}"
    systems: dict[str, dict[str, dict[str, float]]] = {}
    numbers: dict[str, Any] = {}
    for arm in options.arms:  # the first steps are the same, and done once
        recipe = load("zh-corom", out, overrides(corpus, seed, arm, options))
        numbers[arm] = {result.id: result.numbers for result in recipe.run()}
        first, last = (json.loads((out / step / "queries.json").read_text()) for step in ("evaluate1", "evaluate"))
        systems |= {"lexical": last["lexical"], "stage 1": first["dense"], "hybrid, stage 1": first["hybrid"]}
        systems |= {f"stage 2, {arm}": last["dense"], f"hybrid, {arm}": last["hybrid"]}
    pairs = [(system, "stage 1" if system.startswith("stage 2") else "lexical") for system in list(systems)[2:]]
    if {"on", "control"} <= set(options.arms):
        pairs.append(("stage 2, on", "stage 2, control"))
    return {
        "scores": {system: {m: mean(own[m]) for m in MEASURES} for system, own in systems.items()},
        "tests": [
            {"a": a, "b": b, **paired_test(systems[a]["nDCG@10"], systems[b]["nDCG@10"])} for a, b in pairs
        ],
        "mined": {arm: own["mine"] for arm, own in numbers.items()},
    }  # fmt: skip


def overrides(corpus: Path, seed: int, arm: str, options: argparse.Namespace) -> list[str]:
    """What an encoder from nothing needs, instead of the rates of a pre-trained one, and what makes the arm."""
    fresh = f'{{ size = "{options.size}" }}'
    stages = {"stage1": (fresh, options.steps, 1e-3), "stage2": (fresh, options.steps, 1e-3)}
    if arm != "again":
        stages["stage2"] = ("@stage1", options.steps // 2, 5e-4)
    found = [f"source.data.path={corpus}", "tokenizer.vocab_size=16000"]
    for stage, (start, steps, rate) in stages.items():
        found += [
            f"{stage}.start={start}",
            f'{stage}.encoder={{ pooling = "mean", max_tokens = 256 }}',
            f'{stage}.objective={{ use = "contrastive", temperature = 0.05, negatives = 1, max_tokens = 96 }}',
            f"{stage}.fit={{ learning_rate = {rate}, max_steps = {steps}, per_device_batch_size = 64, "
            f"seed = {seed}, threads = 1 }}",
        ]
    return found + [
        change.replace("PAIRS", 'use = "pairs", path = "@data", split = "train"') for change in CHANGES[arm]
    ]


def mean(values: dict[str, float]) -> float:
    """Of all queries."""
    return sum(values.values()) / len(values)


def table(results: list[dict[str, Any]]) -> str:
    """One row a system, as Markdown."""
    lines = [f"| corpus | seed | system | {' | '.join(MEASURES)} | nDCG@10 difference |", "|---" * 7 + "|"]
    for result in results:
        for system, scores in result["scores"].items():
            told = [
                f"{test['difference']:+.3f} [{test['interval'][0]:+.3f}, {test['interval'][1]:+.3f}], "
                f"p {test['p']:.4f} to {test['b']};"
                for test in result["tests"]
                if test["a"] == system
            ]
            cells = " | ".join(f"{scores[m]:.3f}" for m in MEASURES)
            lines.append(f"| {result['corpus']} | {result['seed']} | {system} | {cells} | {' '.join(told)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
