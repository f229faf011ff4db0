"""BioASQ's files: what a model's predictions are as exact answers, and the ten numbers of the official evaluator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from medenc.core.errors import MedencError
from medenc.core.files import read_json
from medenc.data.bioasq import BioasqQuestion
from medenc.data.readers.bioasq import Bioasq
from medenc.data.reading import Rejects
from medenc.decoding.bioasq import factoid_answers, list_answers
from medenc.decoding.contract import Task
from medenc.metrics import bioasq
from medenc.metrics.bioasq import Entries, YesNo

ORDER = (
    "yes_no_accuracy",
    "strict",
    "lenient",
    "mrr",
    "list_precision",
    "list_recall",
    "list_f1",
    "yes_no_macro_f1",
    "f1_yes",
    "f1_no",
)
"""The numbers in the order in which the official program prints them."""
Answer = str | list[list[str]]


def exact_answers(task: Task, rows: Sequence[Any], predictions: Sequence[Any]) -> dict[str, Answer]:
    """Question id -> the answer as it is handed in, from predictions on each of its contexts.

    Raises: MedencError for a task whose predictions answer no question of BioASQ.
    """
    merge = getattr(task, "merge", "")
    if merge == "factoid":
        return _plain(factoid_answers(rows, predictions))
    if merge == "list":
        return _plain(list_answers(rows, predictions, cast(Any, task).list_threshold))
    if getattr(task, "by_group", False) and {found.label for found in predictions} <= {"yes", "no"}:
        return {row.group or row.id: found.label for row, found in zip(rows, predictions, strict=True)}
    raise MedencError(
        "this task answers no question of BioASQ",
        where="bioasq",
        hint='extractive_qa with merge = "factoid" or "list", or classification of yes and no with by_group = true',
    )


def read_questions(paths: Iterable[Path]) -> list[BioasqQuestion]:
    """The questions of official files. Raises: MedencError when one cannot be read."""
    rejects = Rejects(max_ratio=0)
    found = [question for path in paths for question in Bioasq().read(path, rejects)]
    rejects.finish()
    return found


def read_answers(paths: Iterable[Path]) -> dict[str, Answer]:
    """Question id -> answer of submissions, of which each may hold one kind. Raises: MedencError for another layout."""
    answers: dict[str, Answer] = {}
    for path in paths:
        document = read_json(path)
        rows = document.get("questions") if isinstance(document, dict) else None
        if not isinstance(rows, list):
            raise MedencError("no list 'questions'", where=path)
        for number, row in enumerate(rows, start=1):
            id_, answer = _answered(row, f"{path}, question {number}")
            if id_ in answers:
                raise MedencError("this question is answered twice", where=f"{path}, question {number}")
            if answer:
                answers[id_] = answer
    return answers


def official(
    golden: Sequence[BioasqQuestion],
    answers: Mapping[str, Answer],
    *,
    all_synonyms: bool = False,
    skip_missing: bool = False,
) -> dict[str, float]:
    """The ten numbers, as the official program gives them for files with an answer to every question.

    Raises: MedencError for an answer that is not of its question's kind.

    Args:
        all_synonyms: as its version 3, every synonym of an answer counts.
        skip_missing: questions without an answer leave the mean, as in some versions; by default they score 0.
    """
    entries = {kind: {q.id: q.entries for q in golden if q.kind == kind and q.entries} for kind in ("factoid", "list")}
    decisions = {q.id: cast(YesNo, q.decision) for q in golden if q.kind == "yesno" and q.decision}
    if unknown := answers.keys() - {question.id for question in golden}:
        raise MedencError(f"answers to {len(unknown)} questions that are not in the golden files", where="bioasq")
    for question in golden:
        _check_form(question, answers.get(question.id))
    given = {kind: {id_: cast(Entries, answers[id_]) for id_ in own if id_ in answers} for kind, own in entries.items()}
    said = {id_: cast(str, answers[id_]) for id_ in decisions if id_ in answers}
    how = {"all_synonyms": all_synonyms, "skip_missing": skip_missing}
    factoid = bioasq.factoid(entries["factoid"], given["factoid"], cap=None, **how)
    lists = bioasq.lists(entries["list"], given["list"], **how)
    yes_no = bioasq.yes_no(decisions, said, skip_missing=skip_missing)
    numbers = [bioasq.mean(factoid[name]) for name in ("strict", "lenient", "rr")]
    numbers += [bioasq.mean(lists[name]) for name in ("precision", "recall", "f1")]
    others = [yes_no[name] for name in ("macro_f1", "f1_yes", "f1_no")]
    return dict(zip(ORDER, [yes_no["accuracy"], *numbers, *others], strict=True))


def _check_form(question: BioasqQuestion, answer: Answer | None) -> None:
    """A word would be read letter by letter where a list is expected."""
    wanted = {"yesno": str, "factoid": list, "list": list}.get(question.kind)
    if answer is not None and wanted is not None and not isinstance(answer, wanted):
        expected = "yes or no" if wanted is str else "a list of answers"
        raise MedencError(f"a {question.kind} question wants {expected}", where=f"bioasq, question {question.id}")


def _plain(found: Mapping[str, Entries]) -> dict[str, Answer]:
    return {id_: [list(entry) for entry in entries] for id_, entries in found.items()}


def _answered(row: Any, where: str) -> tuple[str, Answer]:
    """The id and the answer of one question of a submission; a list may hold strings or lists of synonyms."""
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise MedencError("a question without an id", where=where)
    answer = row.get("exact_answer", "")
    if isinstance(answer, list):
        entries = [entry if isinstance(entry, list) else [entry] for entry in answer]
        if all(isinstance(text, str) for entry in entries for text in entry):
            return row["id"], entries
    elif isinstance(answer, str):
        return row["id"], answer
    raise MedencError("'exact_answer' is neither yes or no nor a list of answers", where=where)
