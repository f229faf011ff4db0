"""The BLURB score: the mean over six types of task, not over the thirteen data sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from medenc.core.errors import MedencError, did_you_mean

TASK_TYPES = {
    "named entities": ("BC5-chem", "BC5-disease", "NCBI-disease", "BC2GM", "JNLPBA"),
    "PICO": ("EBM-PICO",),
    "relations": ("ChemProt", "DDI", "GAD"),
    "sentence similarity": ("BIOSSES",),
    "document classification": ("HoC",),
    "question answering": ("PubMedQA", "BioASQ"),
}
"""Type of task -> its data sets."""


@dataclass(frozen=True, slots=True)
class Blurb:
    """The score and the mean of each type of task, on the scale of what was given."""

    score: float
    types: dict[str, float]


def blurb_score(scores: Mapping[str, float]) -> Blurb:
    """Average the scores of the thirteen data sets, first within each type of task.

    Source: Gu et al. 2021, section 3.2. Raises: MedencError for a missing or unknown data set.
    """
    known = [name for names in TASK_TYPES.values() for name in names]
    for name in scores:
        if name not in known:
            raise MedencError(f"no such BLURB data set: '{name}'", where="BLURB", hint=did_you_mean(name, known))
    if missing := [name for name in known if name not in scores]:
        raise MedencError(f"no score for {', '.join(missing)}", where="BLURB")
    types = {kind: sum(scores[name] for name in names) / len(names) for kind, names in TASK_TYPES.items()}
    return Blurb(sum(types.values()) / len(types), types)
