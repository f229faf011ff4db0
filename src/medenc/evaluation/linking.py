"""Linking measured: as published, soundly, on concepts that training never saw, and beside a baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.reading import Rejects, lines
from medenc.data.records import Name
from medenc.data.sources import Reader, read_names
from medenc.evaluation.jaccard import Jaccard
from medenc.metrics import linking
from medenc.metrics.linking import Gold, concepts
from medenc.metrics.significance import bootstrap_interval, paired_test
from medenc.search.abstention import Abstention
from medenc.search.calibration import Examples, Known, examples
from medenc.search.linker import Candidate, Linker, Mode
from medenc.search.names import NO_CONCEPT

T = TypeVar("T")
Ids = frozenset[str]
Measured = dict[str, dict[str, list[float]]]  # system -> measure -> value of each mention
Rank = Callable[[Sequence[str], int], list[list[Ids]]]
"""(texts, how many) -> the ids of the candidates of each text, best first."""

AT = (1, 5)
BASELINE = "jaccard"


def read_mentions(path: Path) -> list[Name]:
    """Mentions with their concepts: `id||mention`, `id||mention||context` (the context is not read), or a dictionary.

    Raises: MedencError when there is none, or more than one in a hundred is bad.
    """
    first = next((line for _, line in lines(path, Rejects()) if line.strip()), "")
    if first.count("||") != 2:
        return read_names(path)
    rejects = Rejects()
    reader = cast(Reader, build("reader", {"use": "names", "context": True}, str(path)))
    found = list(cast(Iterable[Name], reader.read(path, rejects)))
    rejects.finish()
    return found


def evaluate(
    linker: Linker,
    mentions: Sequence[Name],
    train: Sequence[Name] | None = None,
    at: Sequence[int] = AT,
    unseen: float = 0.2,
) -> dict[str, Any]:
    """Everything that is measured of a dictionary on mentions, ready for JSON.

    Args:
        mentions: the gold; `cui-less` ones are left out.
        train: mentions that the model or the dictionary was made from, to tell seen concepts from unseen ones.
        at: the ranks k of `Acc@k`.
        unseen: the share of mentions without a concept for which the abstention is measured.

    Returns: `mentions` (what the data are like), `scores` and `intervals` (protocol -> system -> measure), `slices` of
        the sound protocol, paired `tests` of the systems against the baseline, and `none`.
    """
    mentions = [name for name in mentions if name.concept_id.lower() != NO_CONCEPT]
    if not mentions:
        raise MedencError("no mention to link", where="mentions")
    names = _names(linker)
    golds = {protocol: [make(m.term, m.concept_id) for m in mentions] for protocol, make in PROTOCOLS.items()}
    values = {
        protocol: {
            system: linking.accuracies(_ranks(golds[protocol], rank, max(at)), at)
            for system, rank in _systems(linker, names, protocol).items()
        }
        for protocol in PROTOCOLS
    }
    masks = _masks(golds["sound"], names, train)
    return {
        "mentions": _described(linker, golds["sound"], masks),
        "scores": {protocol: _each(systems, _mean) for protocol, systems in values.items()},
        "intervals": {protocol: _each(systems, _interval) for protocol, systems in values.items()},
        "slices": {name: _each(_only(values["sound"], mask), _mean) for name, mask in masks.items()},
        "tests": _tests(values["sound"]),
        "none": _abstention(linker, golds["sound"], unseen),
    }


PROTOCOLS: dict[str, Callable[[str, str], Gold]] = {"sound": linking.sound, "published": linking.published}


def table(found: Mapping[str, Any]) -> str:
    """The numbers of `evaluate` as a table of Markdown."""
    measures = list(next(iter(found["scores"]["sound"].values())))
    rows = [["protocol", "system", *measures], ["---"] * (2 + len(measures))]
    for protocol, systems in found["scores"].items():
        for system, scores in systems.items():
            low_high = found["intervals"][protocol][system]
            cells = [f"{scores[m]:.3f} [{low_high[m][0]:.3f}, {low_high[m][1]:.3f}]" for m in measures]
            rows.append([protocol, system, *cells])
    for name, systems in found["slices"].items():
        for system, scores in systems.items():
            rows.append([f"sound, {name} ({found['mentions'][name]})", system, *(f"{scores[m]:.3f}" for m in measures)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _names(linker: Linker) -> list[Name]:
    terms = linker.names.terms.texts()
    return [Name(linker.names.concept_id(number), term) for number, term in enumerate(terms)]


def _systems(linker: Linker, names: Sequence[Name], protocol: str) -> dict[str, Rank]:
    """What is measured: the modes of the linker, which rank names as published and concepts otherwise; the baseline."""
    ranker = _by_name if protocol == "published" else _by_concept
    return {mode: partial(ranker, linker, mode) for mode in linker.modes} | {BASELINE: Jaccard(names).rank}


def _by_concept(linker: Linker, mode: Mode, texts: Sequence[str], top: int) -> list[list[Ids]]:
    return [[concepts(c.concept_id) for c in linked.candidates] for linked in linker.link(texts, top, mode)]


def _by_name(linker: Linker, mode: Mode, texts: Sequence[str], top: int) -> list[list[Ids]]:
    return [[concepts(linker.names.concept_id(name)) for name in own] for own in linker.rank(texts, top, mode)]


def _ranks(golds: Sequence[Gold], system: Rank, depth: int) -> list[float]:
    """The rank of each mention; equal parts are asked once."""
    asked = list(dict.fromkeys(part for gold in golds for part in gold.parts))
    found = dict(zip(asked, system(asked, depth), strict=True))
    return [linking.rank(gold, [found[part] for part in gold.parts]) for gold in golds]


def _masks(golds: Sequence[Gold], names: Iterable[Name], train: Sequence[Name] | None) -> dict[str, np.ndarray]:
    """Mentions (n,) bool whose concept is in the dictionary, and those whose concept training did not name."""
    known = frozenset[str]().union(*(concepts(name.concept_id) for name in names))
    masks = {"linkable": np.array([bool(gold.concepts & known) for gold in golds])}
    if train is not None:
        seen = frozenset[str]().union(*(concepts(name.concept_id) for name in train))
        masks["unseen"] = np.array([not gold.concepts & seen for gold in golds])
    return {name: mask for name, mask in masks.items() if mask.any()}


def _described(linker: Linker, golds: Sequence[Gold], masks: Mapping[str, np.ndarray]) -> dict[str, int]:
    """How many mentions there are, and of what kind; those `in_dictionary` are a name of their concept there."""
    linked = linker.link([gold.mention for gold in golds], 5, "lexical")
    there = [any(_names_it(c, gold) for c in own.candidates) for gold, own in zip(golds, linked, strict=True)]
    return {
        "n": len(golds),
        "composite": sum(len(gold.parts) > 1 for gold in golds),
        "several_concepts": sum(len(gold.concepts) > 1 for gold in golds),
        "in_dictionary": sum(there),
        **{name: int(mask.sum()) for name, mask in masks.items()},
    }


def _names_it(candidate: Candidate, gold: Gold) -> bool:
    return candidate.how == "exact" and bool(concepts(candidate.concept_id) & gold.concepts)


def _abstention(linker: Linker, golds: Sequence[Gold], unseen: float) -> dict[str, dict[str, float]]:
    """How good the probability of "none of these" is, for each mode that has one."""
    known = [Known(gold.mention, gold.concepts) for gold in golds]
    judges = {mode: judge for mode in linker.modes if (judge := linker.settings.abstention.get(mode))}
    return {mode: _judged(judge, examples(linker, known, mode, unseen)) for mode, judge in judges.items()}


def _judged(judge: Abstention, seen: Examples) -> dict[str, float]:
    probabilities = np.array([judge.probability(row) for row in seen.features])
    given = (probabilities, seen.none, seen.weights)
    return {
        "share": float(np.average(seen.none, weights=seen.weights)),
        "brier": linking.brier(*given),
        "calibration_error": linking.calibration_error(*given),
        "roc_area": linking.separation(*given),
    }


def _tests(values: Measured) -> list[dict[str, Any]]:
    """Every system compared with the baseline on every measure."""
    return [
        {"measure": measure, "a": system, "b": BASELINE, **paired_test(_by_id(own), _by_id(values[BASELINE][measure]))}
        for system in values
        if system != BASELINE
        for measure, own in values[system].items()
    ]


def _by_id(values: Sequence[float]) -> dict[str, float]:
    return {str(number): value for number, value in enumerate(values)}


def _each(systems: Measured, function: Callable[[Sequence[float]], T]) -> dict[str, dict[str, T]]:
    return {system: {m: function(own) for m, own in measured.items()} for system, measured in systems.items()}


def _only(systems: Measured, mask: np.ndarray) -> Measured:
    """The values of the mentions in `mask` (n,) bool."""
    return {
        system: {m: np.array(own)[mask].tolist() for m, own in measured.items()} for system, measured in systems.items()
    }


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _interval(values: Sequence[float]) -> list[float]:
    return list(bootstrap_interval(values))
