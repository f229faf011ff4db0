"""How many characters a second the analyzer turns into terms, by language, in one process.

Run: python benchmarks/analyzer.py [TEXT_FILE ...] [--json]      a file's name is its row; its lines are the documents
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from medenc.text.analyzer import Analyzer

TEXTS = {
    "en": "Amlodipine lowers blood pressure in patients with stage-3 chronic kidney disease; HbA1c fell from 8.1% "
    "to 7.2%. Side effects included ankle swelling, headaches and flushing, which were usually mild. ",
    "zh": "患者因血糖控制不佳入院，既往有高血压和2型糖尿病病史十年，长期口服二甲双胍。"
    "查体未见明显异常，建议复查糖化血红蛋白并调整用药。",
    "ko": "환자는 고혈압과 당뇨병으로 십 년 동안 약을 복용하였으며 최근 두통과 어지럼증을 호소하였다. "
    "혈액 검사에서 이상 소견은 없었다. ",
    "mixed": "고혈압 환자에게 amlodipine을 5mg 처방함. HbA1c는 7.2%임. 糖尿病患者应定期复查。 "
    "Follow-up in nephrology is advised. ",
}
DOCUMENT_CHARACTERS = 1000


def measure(analyzer: Analyzer, documents: list[str], min_seconds: float = 2.0) -> float:
    """Characters per second of `forms_batch`, the best of the passes made within `min_seconds`."""
    characters = sum(map(len, documents))
    analyzer.forms_batch(documents[:1])  # what a language loads at its first use is not speed
    best, since = 0.0, time.perf_counter()
    while time.perf_counter() - since < min_seconds:
        start = time.perf_counter()
        analyzer.forms_batch(documents)
        best = max(best, characters / (time.perf_counter() - start))
    return best


def corpora(paths: list[Path]) -> dict[str, list[str]]:
    """Documents by row name: of the files, or our own sentences repeated to documents of a page."""
    if paths:
        return {path.name: path.read_text(encoding="utf-8").splitlines() for path in paths}
    return {name: [text * (DOCUMENT_CHARACTERS // len(text))] * 200 for name, text in TEXTS.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    analyzer = Analyzer()
    speeds = {name: round(measure(analyzer, documents)) for name, documents in corpora(arguments.paths).items()}
    if arguments.json:
        print(json.dumps({"characters_per_second": speeds, "analyzer": analyzer.version}))
        return
    for name, speed in speeds.items():
        print(f"{name:20} {speed / 1e6:8.3f} M characters/s")


if __name__ == "__main__":
    main()
