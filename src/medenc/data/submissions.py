"""BioASQ answers from predictions on single contexts, and the file that is handed in.

Source: the post-processing of BioBERT's BioASQ programs (Yoon et al. 2019), with two repairs: an empty candidate is
left out before anything is summed, and answers are trimmed, because the evaluator compares exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from medenc.core.errors import MedencError
from medenc.core.files import write_json
from medenc.data.bioasq import BioasqQuestion

Candidates = Sequence[tuple[str, float]]
"""Answers of one context with their probabilities."""

TOP = 5  # the task takes five answers to a factoid question
MAX_CHARACTERS = 100  # of one answer, by the task's rules
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def merge_factoid(contexts: Iterable[Candidates], top: int = TOP) -> list[list[str]]:
    """The best answers over all contexts: probabilities of one text, in whatever case, add up."""
    ranked = _ranked(contexts)
    return [[text] for text, _, _ in ranked[:top]]


def merge_list(contexts: Iterable[Candidates], question: str, threshold: float = 0.42) -> list[list[str]]:
    """The answers whose mean probability is above `threshold`, at least one.

    A question that says how many (`Which three genes …`) gets at most that many. An answer that only joins others in
    the list (`A and B`) is left out.
    """
    ranked = _ranked(contexts)
    sure = [(text, total) for text, total, n in ranked if total / n > threshold]
    chosen = [text for text, _ in sure] or [text for text, _, _ in ranked[:1]]
    lowered = {text.lower() for text in chosen}
    single = [text for text in chosen if not _joins(text, lowered)]
    return [[text] for text in single[: _asked(question)]]


def merge_yes_no(probabilities: Sequence[float]) -> str:
    """`yes` when the mean probability of yes over the contexts is above one half."""
    if not probabilities:
        raise MedencError("a yes/no question without a context", where="BioASQ")
    return "yes" if sum(probabilities) / len(probabilities) > 0.5 else "no"


def write_submission(
    path: Path, questions: Iterable[BioasqQuestion], answers: Mapping[str, str | list[list[str]]]
) -> None:
    """Write the answers of a test batch, every question that has one, as the task's JSON."""
    given = [question for question in questions if question.id in answers]
    if unknown := set(answers) - {question.id for question in given}:
        raise MedencError(f"answers to {len(unknown)} unknown questions", where=path)
    rows: list[dict[str, Any]] = [
        {
            "id": question.id,
            "type": question.kind,
            "body": question.question,
            "exact_answer": answers[question.id],
            "ideal_answer": [""],
        }
        for question in given
    ]
    write_json(path, {"questions": rows})


def clean(answer: str) -> str:
    """An answer without a stop at its end or brackets around it; empty when it is no answer.

    None is what is too long, or has a bracket without its partner.
    """
    text = answer.strip()
    if text.endswith((",", ".")):
        text = text[:-1].rstrip()
    elif text.startswith("(") and text.endswith(")") and _balanced(text[1:-1]):
        text = text[1:-1].strip()
    return text if len(text) <= MAX_CHARACTERS and _balanced(text) else ""


def _ranked(contexts: Iterable[Candidates]) -> list[tuple[str, float, int]]:
    """(text, sum of its probabilities, how often it was given), best first, ties by text."""
    merged: dict[str, tuple[str, float, int]] = {}
    for candidates in contexts:
        for answer, probability in candidates:
            if text := clean(answer):
                shown, total, n = merged.get(text.lower(), (text, 0.0, 0))
                merged[text.lower()] = (shown, total + probability, n + 1)
    return sorted(merged.values(), key=lambda item: (-item[1], item[0]))


def _joins(text: str, others: set[str]) -> bool:
    parts = [part.strip().lower() for part in re.split(r"\s+and\s+|,|/", text) if part.strip()]
    return len(parts) > 1 and all(part in others for part in parts)


def _asked(question: str) -> int | None:
    """How many answers a question asks for among its first words; `phase 2` is no such number."""
    words = question.lower().split()[:5]
    for before, word in zip(["", *words], words, strict=False):
        number = _NUMBERS.index(word) + 1 if word in _NUMBERS else int(word) if re.fullmatch("[0-9]{1,2}", word) else 0
        if number and before != "phase":
            return number
    return None


def _balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0
