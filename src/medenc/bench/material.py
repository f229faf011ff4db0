"""Texts as they come in practice: pieces of the bundled sample in a realistic mix of lengths."""

from __future__ import annotations

import json
import random
from importlib.resources import files

LONGEST = 1700  # characters
QUERIES = (
    "고혈압 환자의 amlodipine 용량",
    "임신부 갑상선 기능 저하증",
    "side effects of metformin",
    "糖尿病肾病的治疗",
)


def passages() -> list[str]:
    """The texts of the bundled sample."""
    lines = files("medenc").joinpath("sample/corpus.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def mixed_lengths(count: int, seed: int = 0) -> list[str]:
    """Pieces of a run of passages; the lengths are log-normal around 200 characters, which are some 60 tokens."""
    draw = random.Random(seed)
    run = "\n".join(draw.choices(passages(), k=count + 20))
    lengths = [min(max(2, round(200 * draw.lognormvariate(0, 0.9))), LONGEST) for _ in range(count)]
    return [run[(start := draw.randrange(len(run) - length)) : start + length] for length in lengths]
