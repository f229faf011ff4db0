"""BioASQ's answers from what was read in single contexts, and their official measures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from medenc.core.errors import MedencError
from medenc.data.examples import Question
from medenc.data.submissions import TOP, Candidates, merge_factoid, merge_list
from medenc.decoding.answers import Answered
from medenc.metrics import bioasq

Entries = list[list[str]]
_CONTEXT_ID = re.compile("[0-9a-f]{24}_[0-9]{3}")


def factoid_answers(rows: Sequence[Question], predictions: Sequence[Answered], top: int = TOP) -> dict[str, Entries]:
    """The best answers to every question (`group`): probabilities of one text add up over its contexts."""
    return {id_: merge_factoid(contexts, top) for id_, (_, contexts) in _by_question(rows, predictions).items()}


def list_answers(rows: Sequence[Question], predictions: Sequence[Answered], threshold: float) -> dict[str, Entries]:
    """The answers to every list question whose mean probability is above `threshold`, at least one."""
    grouped = _by_question(rows, predictions)
    return {id_: merge_list(contexts, question, threshold) for id_, (question, contexts) in grouped.items()}


def factoid_scores(rows: Sequence[Question], predictions: Sequence[Answered]) -> dict[str, float]:
    """`strict`, `lenient` accuracy and `mrr` over questions, the denominator being all of them."""
    values = bioasq.factoid(_gold(rows), factoid_answers(rows, predictions))
    return {
        "strict": bioasq.mean(values["strict"]),
        "lenient": bioasq.mean(values["lenient"]),
        "mrr": bioasq.mean(values["rr"]),
    }


def list_scores(rows: Sequence[Question], predictions: Sequence[Answered], threshold: float) -> dict[str, float]:
    """`list_precision`, `list_recall`, `list_f1`: means over questions."""
    values = bioasq.lists(_gold(rows), list_answers(rows, predictions, threshold))
    return {f"list_{name}": bioasq.mean(own) for name, own in values.items()}


def _by_question(rows: Sequence[Question], predictions: Sequence[Answered]) -> dict[str, tuple[str, list[Candidates]]]:
    """question id -> (question, the candidates of each of its contexts)."""
    grouped: dict[str, tuple[str, list[Candidates]]] = {}
    for row, found in zip(rows, predictions, strict=True):
        candidates = [(one.text, one.probability) for one in found.candidates]
        grouped.setdefault(_question_id(row), (row.question, []))[1].append(candidates)
    return grouped


def _gold(rows: Iterable[Question]) -> dict[str, Entries]:
    """The accepted strings of each question, merged over its contexts.

    Every string is an entry: SQuAD's form does not say which are synonyms.
    """
    accepted: dict[str, dict[str, None]] = {}
    for row in rows:
        accepted.setdefault(_question_id(row), {}).update(dict.fromkeys(text.lower() for text in row.accepted))
    return {id_: [[text] for text in texts] for id_, texts in accepted.items()}


def _question_id(row: Question) -> str:
    """The question that a context belongs to: its group, or the first 24 digits of an id as BioBERT's files have it."""
    if not row.group and _CONTEXT_ID.fullmatch(row.id):
        return row.id[:24]
    if not row.group:
        raise MedencError(
            "the contexts of one question are answered together: its id is needed",
            where=f"question {row.id}",
            hint="convert BioASQ files with the reader `bioasq_squad`, or leave `merge` out",
        )
    return row.group
