"""Scores of answers cut out of a text: exact match and F1, by word or by character, with and without an answer.

By word this is the SQuAD 2.0 script. By character it is KorQuAD's, with all of Unicode's punctuation left out instead
of a list; the unit for Korean, where particles stick to words, and Chinese, where nothing parts them.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from medenc.core.errors import MedencError

Unit = Literal["word", "character"]
Measure = Literal["exact", "f1"]
Key = TypeVar("Key", bound=Hashable)  # of a question: its id, or its place where ids may repeat

_ARTICLES = re.compile(r"\b(a|an|the)\b", re.UNICODE)
_ASCII_PUNCTUATION = set(string.punctuation)


@dataclass(frozen=True, slots=True)
class Threshold:
    """No answer is given when the null score is above `value`; `score` is the mean measure that this reaches."""

    value: float
    score: float


def normalize(text: str, unit: Unit = "word") -> str:
    """Text as answers are compared: lower case, without punctuation (and English articles), single spaces."""
    if unit == "word":
        kept = "".join(c for c in text.lower() if c not in _ASCII_PUNCTUATION)
        return " ".join(_ARTICLES.sub(" ", kept).split())
    return " ".join("".join(c for c in unicodedata.normalize("NFC", text).lower() if not _punctuation(c)).split())


def exact(gold: str, predicted: str, unit: Unit = "word") -> float:
    """1 when both are the same after normalisation, else 0."""
    return float(normalize(gold, unit) == normalize(predicted, unit))


def f1(gold: str, predicted: str, unit: Unit = "word") -> float:
    """Overlap of the two bags of words or characters; with an empty side, 1 only when both are empty."""
    wanted, found = _units(gold, unit), _units(predicted, unit)
    if not wanted or not found:
        return float(wanted == found)
    return 2 * (wanted & found).total() / (wanted.total() + found.total())


def compare(
    gold: Mapping[Key, Sequence[str]], predicted: Mapping[Key, str], unit: Unit = "word"
) -> dict[Measure, dict[Key, float]]:
    """The best exact match and F1 over the accepted answers, for every question of `gold`.

    A question without an accepted answer wants "". One without a prediction scores 0, whatever it wants.
    """
    values: dict[Measure, dict[Key, float]] = {"exact": {}, "f1": {}}
    for id_, answers in gold.items():
        accepted = [answer for answer in answers if normalize(answer, unit)] or [""]
        guess = predicted.get(id_)
        values["exact"][id_] = 0.0 if guess is None else max(exact(answer, guess, unit) for answer in accepted)
        values["f1"][id_] = 0.0 if guess is None else max(f1(answer, guess, unit) for answer in accepted)
    return values


def summarize(gold: Mapping[Key, Sequence[str]], values: Mapping[Measure, Mapping[Key, float]]) -> dict[str, float]:
    """Means over all questions, and over those with and without an answer where there are such.

    Keys: `exact`, `f1`, `has_answer_exact`, `has_answer_f1`, `no_answer_exact`, `no_answer_f1`.
    """
    if not gold:
        raise MedencError("there is nothing to score", where="metrics")
    answered = {id_: any(answers) for id_, answers in gold.items()}
    scores: dict[str, float] = {}
    for prefix, kept in (("", None), ("has_answer_", True), ("no_answer_", False)):
        ids = [id_ for id_ in gold if kept is None or answered[id_] == kept]
        if ids:
            scores |= {prefix + name: sum(values[name][id_] for id_ in ids) / len(ids) for name in values}
    return scores


def apply_threshold(predicted: Mapping[Key, str], null_scores: Mapping[Key, float], threshold: float) -> dict[Key, str]:
    """Predictions with "" where the null score is above the threshold."""
    return {id_: "" if null_scores[id_] > threshold else text for id_, text in predicted.items()}


def best_threshold(
    gold: Mapping[Key, Sequence[str]],
    predicted: Mapping[Key, str],
    null_scores: Mapping[Key, float],
    measure: Measure = "f1",
    unit: Unit = "word",
) -> Threshold:
    """The threshold on the null score with the highest mean of `measure`; of equal ones, the lowest.

    Args:
        predicted: the best answer of every question, "" only where the model has no other.
        null_scores: how strongly the model holds that there is no answer; any scale.

    Questions with one null score fall on one side together, which the SQuAD 2.0 script overlooks.
    """
    ids = list(gold)
    if missing := [id_ for id_ in ids if id_ not in predicted or id_ not in null_scores]:
        raise MedencError(f"{len(missing)} questions have no prediction or no null score", where="metrics")
    kept = compare(gold, predicted, unit)[measure]
    silent = compare(gold, dict.fromkeys(ids, ""), unit)[measure]
    nulls = np.array([null_scores[id_] for id_ in ids], dtype=np.float64)
    gains = np.array([kept[id_] - silent[id_] for id_ in ids])
    steps, group = np.unique(nulls, return_inverse=True)
    totals = np.concatenate([[0.0], np.cumsum(np.bincount(group, weights=gains))])
    best = int(np.argmax(totals))
    value = steps[best - 1] if best else np.nextafter(steps[0], -np.inf)  # below the lowest: no question is answered
    return Threshold(float(value), float((sum(silent.values()) + totals[best]) / len(ids)))


def _units(text: str, unit: Unit) -> Counter[str]:
    normal = normalize(text, unit)
    return Counter(normal.split() if unit == "word" else normal.replace(" ", ""))


def _punctuation(character: str) -> bool:
    return character in _ASCII_PUNCTUATION or unicodedata.category(character)[0] == "P"
