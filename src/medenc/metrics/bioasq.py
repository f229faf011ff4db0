"""BioASQ task B phase B: yes/no, factoid and list questions, scored as the official evaluator scores them.

Strings are compared lower-cased and otherwise exactly: no trimming, no punctuation rule. Source: the behaviour of
`evaluation.EvaluatorTask1b -phaseB`, versions 5 and later. We differ in one thing by default: a question without an
answer scores 0 and stays in the mean, where that program skips it or stops (`skip_missing` mimics the skipping).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from medenc.core.errors import MedencError
from medenc.metrics.counts import Counts, mean_f1

Entries = Sequence[Sequence[str]]
"""Answers, best first; each is a list of synonyms."""
YesNo = Literal["yes", "no"]


def factoid(
    gold: Mapping[str, Entries],
    predicted: Mapping[str, Entries],
    *,
    cap: int | None = 5,
    all_synonyms: bool = False,
    skip_missing: bool = False,
) -> dict[str, dict[str, float]]:
    """`strict`, `lenient` and `rr` (reciprocal rank) of every question.

    Args:
        gold: every string of every entry is a right answer.
        cap: how many entries are looked at. The task's rule is five; the official program does not apply it (None).
        all_synonyms: every synonym of a predicted entry counts (evaluator version 3), not only the first.
    """
    ranks = {
        id_: _rank({text.lower() for entry in gold[id_] for text in entry}, predicted.get(id_, ())[:cap], all_synonyms)
        for id_ in _scored(gold, predicted, skip_missing)
    }
    return {
        "strict": {id_: float(rank == 1) for id_, rank in ranks.items()},
        "lenient": {id_: float(rank > 0) for id_, rank in ranks.items()},
        "rr": {id_: 1 / rank if rank else 0.0 for id_, rank in ranks.items()},
    }


def lists(
    gold: Mapping[str, Entries],
    predicted: Mapping[str, Entries],
    *,
    all_synonyms: bool = False,
    skip_missing: bool = False,
) -> dict[str, dict[str, float]]:
    """`precision`, `recall` and `f1` of every list question; the official numbers are their means over questions.

    A gold entry is used up by its first match: a second synonym of it in the prediction is an error.
    """
    found = {
        id_: _entries_found(gold[id_], predicted.get(id_, ()), all_synonyms)
        for id_ in _scored(gold, predicted, skip_missing)
    }
    return {
        "precision": {id_: counts.precision for id_, counts in found.items()},
        "recall": {id_: counts.recall for id_, counts in found.items()},
        "f1": {id_: counts.f1 for id_, counts in found.items()},
    }


def yes_no(gold: Mapping[str, YesNo], predicted: Mapping[str, str], *, skip_missing: bool = False) -> dict[str, float]:
    """`accuracy`, `macro_f1`, `f1_yes`, `f1_no`; a class that never occurs has F1 0, so all-yes gold reaches 0.5.

    A prediction is "yes" when it contains the word, else "no" when it contains that.
    """
    decisions = {id_: decision(predicted.get(id_, "")) for id_ in _scored(gold, predicted, skip_missing)}
    of = {
        label: Counts(
            sum(gold[id_] == label == guess for id_, guess in decisions.items()),
            sum(guess == label for guess in decisions.values()),
            sum(gold[id_] == label for id_ in decisions),
        )
        for label in ("yes", "no")
    }
    right = sum(gold[id_] == guess for id_, guess in decisions.items())
    return {
        "accuracy": right / len(decisions) if decisions else 0.0,
        "macro_f1": mean_f1(of.values()),
        "f1_yes": of["yes"].f1,
        "f1_no": of["no"].f1,
    }


def mean(values: Mapping[str, float]) -> float:
    """The mean over questions; 0 for none, as the evaluator prints a task that has no question."""
    return sum(values.values()) / len(values) if values else 0.0


def decision(text: str) -> YesNo | None:
    """What a yes/no answer says."""
    lowered = text.lower()
    return "yes" if "yes" in lowered else "no" if "no" in lowered else None


def _scored(gold: Mapping[str, object], predicted: Mapping[str, object], skip_missing: bool) -> list[str]:
    if unknown := [id_ for id_ in predicted if id_ not in gold]:
        raise MedencError(f"answers to {len(unknown)} questions that are not in the gold set", where="metrics")
    return [id_ for id_ in gold if id_ in predicted or not skip_missing]


def _rank(right: set[str], entries: Entries, all_synonyms: bool) -> int:
    """Rank of the first right entry, from 1; 0 when there is none."""
    for rank, entry in enumerate(entries, start=1):
        if right & set(_counted(entry, all_synonyms)):
            return rank
    return 0


def _entries_found(gold: Entries, entries: Entries, all_synonyms: bool) -> Counts:
    left = [{text.lower() for text in entry} for entry in gold]
    correct = 0
    for entry in entries:
        said = set(_counted(entry, all_synonyms))
        hit = next((i for i, synonyms in enumerate(left) if synonyms & said), None)
        if hit is not None:
            del left[hit]
            correct += 1
    return Counts(correct, len(entries), len(gold))


def _counted(entry: Sequence[str], all_synonyms: bool) -> list[str]:
    return [text.lower() for text in (entry if all_synonyms else entry[:1])]
