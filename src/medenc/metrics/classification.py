"""Measures of label decisions, as the benchmarks define them.

They differ in what they do with a class that never occurs and with the class that means "none": here both are
arguments. Labels are compared with `==`; there is no silent difference between `1` and `"1"`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from medenc.core.errors import MedencError
from medenc.metrics.counts import Counts, matched, matched_by, mean_f1, same_length

Label = str | int


def accuracy(gold: Sequence[Label], predicted: Sequence[Label]) -> float:
    """Share of equal labels. Raises: MedencError for no label at all."""
    _some(gold, predicted)
    return sum(a == b for a, b in zip(gold, predicted, strict=True)) / len(gold)


def confusion(gold: Sequence[Label], predicted: Sequence[Label], labels: Sequence[Label]) -> np.ndarray:
    """Counts, shape (labels, labels): rows are gold, columns predicted.

    Raises: MedencError for a label that is not among `labels`.
    """
    same_length(gold, predicted)
    place = {label: index for index, label in enumerate(labels)}
    if unknown := sorted({str(label) for label in (*gold, *predicted) if label not in place}):
        raise MedencError(f"a label outside the label list: '{unknown[0]}'", where="metrics")
    table = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(table, ([place[label] for label in gold], [place[label] for label in predicted]), 1)
    return table


def by_class(
    gold: Sequence[Label], predicted: Sequence[Label], labels: Sequence[Label] | None = None
) -> dict[Label, Counts]:
    """One class against the rest, for each of `labels`, or of the classes that occur in `gold` or `predicted`."""
    same_length(gold, predicted)
    occurring = sorted({*gold, *predicted}, key=str)
    table = confusion(gold, predicted, occurring)
    right, found, wanted = table.diagonal(), table.sum(axis=0), table.sum(axis=1)
    seen = {
        label: Counts(int(right[i]), int(found[i]), int(wanted[i])) for i, label in enumerate(occurring)
    }  # built over what occurs, so that a class beyond `labels` still counts as a wrong prediction of another
    return {label: seen.get(label, Counts()) for label in (occurring if labels is None else labels)}


def macro_f1(gold: Sequence[Label], predicted: Sequence[Label], labels: Sequence[Label] | None = None) -> float:
    """Mean F1 of the classes.

    With `labels`, over all of them: a class that never occurs counts as 0 (CBLUE: CHIP-STS, CHIP-CTC). Without, over
    those that occur in `gold` or `predicted`, as scikit-learn does.
    """
    _some(gold, predicted)
    return mean_f1(by_class(gold, predicted, labels).values())


def micro_f1(gold: Sequence[Label], predicted: Sequence[Label], without: Collection[Label] = ()) -> Counts:
    """Counts pooled over the classes that are not in `without`; with none left out, all three are the accuracy.

    ChemProt, DDI: `without` holds the negative class, which earns nothing and still costs when it is predicted wrongly.
    """
    same_length(gold, predicted)
    correct = sum(a == b and a not in without for a, b in zip(gold, predicted, strict=True))
    return Counts(correct, sum(b not in without for b in predicted), sum(a not in without for a in gold))


def multilabel_f1(
    gold: Sequence[Iterable[Label]], predicted: Sequence[Iterable[Label]], documents: Sequence[str] | None = None
) -> Counts:
    """Micro counts of label sets; rows of one document are first united (HoC: sentences of an abstract)."""
    same_length(gold, predicted)
    if documents is None:
        return matched(gold, predicted)
    same_length(gold, documents)
    wanted, found = _united(gold, documents), _united(predicted, documents)
    return matched(list(wanted.values()), list(found.values()))


def multilabel_macro_f1(
    gold: Sequence[Iterable[Label]], predicted: Sequence[Iterable[Label]], labels: Sequence[Label] | None = None
) -> float:
    """Mean F1 of the classes of label sets, over `labels` or those that occur; 0 when there is no class at all."""
    wanted, found = [set(own) for own in gold], [set(own) for own in predicted]
    classes = matched_by(lambda label: label, wanted, found, labels)
    return mean_f1(classes.values()) if classes else 0.0


def pearson(gold: Sequence[float], predicted: Sequence[float]) -> float:
    """Correlation of two lists of numbers, -1 … 1; 0 when one of them is constant, where it is not defined.

    Raises: MedencError for fewer than two numbers, or one that is not finite.
    """
    same_length(gold, predicted)
    x, y = np.asarray(gold, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if len(x) < 2 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise MedencError("a correlation needs two or more finite numbers", where="metrics")
    if (x == x[0]).all() or (y == y[0]).all():
        return 0.0
    x, y = (_unit(values) for values in (x, y))
    return float(np.clip(x @ y, -1.0, 1.0))


def _unit(values: np.ndarray) -> np.ndarray:
    """Centred, of length 1; scaled first, so that squares of very large or small numbers stay in range."""
    values = values / np.abs(values).max()
    values = values - values.mean()
    values = values / np.abs(values).max()
    return values / np.linalg.norm(values)


def _united(rows: Sequence[Iterable[Label]], documents: Sequence[str]) -> dict[str, set[Label]]:
    sets: dict[str, set[Label]] = {document: set() for document in documents}
    for document, labels in zip(documents, rows, strict=True):
        sets[document] |= set(labels)
    return sets


def _some(gold: Sequence[Label], predicted: Sequence[Label]) -> None:
    same_length(gold, predicted)
    if not gold:
        raise MedencError("there is nothing to score", where="metrics")
