"""Term normalisation: a diagnosis as doctors write it, and the standard terms that it stands for (CHIP-CDN)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.examples import Labelled
from medenc.data.sources import read_names
from medenc.decoding import batches
from medenc.decoding.contract import Arrays, Feature
from medenc.decoding.inputs import fields, records
from medenc.decoding.probabilities import softmax
from medenc.decoding.recall import recall_of
from medenc.decoding.sequences import wholes
from medenc.metrics.counts import Counts, matched

_JOINED = re.compile("[及伴;；]")  # "and", "with": one more term each


@dataclass(frozen=True, slots=True)
class Term:
    """A standard term, how probable the model holds it, and the score by which it was ranked."""

    term: str
    probability: float
    score: float


Terms = tuple[Term, ...]


class TermNormalization(Plugin):
    """Retrieve terms by their characters, then decide about each beside the diagnosis.

    The labels of the model are the terms of the dictionary, so that the folder needs no other file. The final order is
    CBLUE's, the mean of half the recall's score and the probability. The published binary form (CHIP-CDN-2C) is
    `classification` on pairs. Source: Zhang et al. 2022 (CBLUE), the baseline for CHIP-CDN.
    """

    together: ClassVar[bool] = False

    terms: Path | None = None  # a dictionary in any format that is read; by default the terms of the training rows
    depth: int = Field(default=50, ge=1)  # terms that are decided about
    hard: int = Field(default=5, ge=0)  # wrong terms a diagnosis that are learned: the best of the recall
    random: int = Field(default=5, ge=0)  # and others within `depth`
    threshold: float = Field(default=0.5, gt=0, lt=1)
    count: Literal["probable", "joined"] = "probable"  # how many: all above the threshold, or as many as words join
    dropout: float = Field(default=0.1, ge=0, lt=1)

    @property
    def main_measure(self) -> str:
        """Micro-F1 over the pairs of diagnosis and term."""
        return "f1"

    @property
    def added_tokens(self) -> tuple[str, ...]:
        """None."""
        return ()

    def head_options(self, labels: Sequence[str]) -> dict[str, Any]:  # noqa: ARG002 - part of the contract
        """The head `sequence`: whether a term is meant."""
        return {"use": "sequence", "target": "class", "size": 2, "dropout": self.dropout}

    def labels_of(self, rows: Sequence[Any]) -> list[str]:
        """The terms of the dictionary, and those of the rows that it lacks."""
        rows = records(rows, Labelled, "term_normalization")
        known = {name.term for name in read_names(self.terms)} if self.terms else set()
        return sorted(known | {term for row in rows for term in _wanted(row)})

    def features(
        self, rows: Sequence[Any], tokenizer: Tokenizer, labels: Sequence[str], max_tokens: int, *, learn: bool = False
    ) -> tuple[list[Feature], dict[str, int]]:
        """A feature for each candidate, best first; `lost` counts right terms that the recall does not find.

        With `learn`, the right terms and some wrong ones; a right term that is not among the labels is refused.
        """
        rows = records(rows, Labelled, "term_normalization")
        recall, number = recall_of(tuple(labels)), {term: place for place, term in enumerate(labels)}
        pairs: list[tuple[int, int, float, bool]] = []  # row, term, score, right
        lost = 0
        for place, row in enumerate(rows):
            best, scores = recall.top(row.text, max(1, self.depth))
            right = _right(row, number) if learn else set()
            lost += len(right - set(best.tolist()))
            found = dict(zip(best.tolist(), scores.tolist(), strict=True))
            kept = self._learned(place, best, right) if learn else best.tolist()
            pairs += [(place, term, found.get(term, 0.0), term in right) for term in kept]
        read = wholes(tokenizer, [rows[p].text for p, *_ in pairs], [labels[t] for _, t, *_ in pairs], max_tokens)
        features = [
            Feature(place, rows[place].id, w.input_ids, w.type_ids, w.offsets, _gold(ok, learn), (term, score), w.lost)
            for (place, term, score, ok), w in zip(pairs, read, strict=True)
        ]
        counts = {"pairs": len(features), "truncated": sum(feature.cut > 0 for feature in features)}
        return features, counts | ({"lost": lost} if learn else {})

    def collate(self, features: Sequence[Feature], pad_id: int) -> Arrays:
        """Padded pairs; `label` (batch,): 1 for a right term, and `weight`."""
        return {**batches.stack(features, pad_id), **batches.gold(features)}

    def read(self, outputs: Arrays, feature: Feature, labels: Sequence[str]) -> Term:
        """The term with its probability."""
        place, recalled = feature.memory
        probability = float(softmax(outputs["logits"])[1])
        return Term(labels[place], probability, (recalled / 2 + probability) / 2)

    def decode(
        self,
        found: Sequence[Term],
        features: Sequence[Feature],
        rows: Sequence[Labelled],
        labels: Sequence[str],  # noqa: ARG002 - part of the contract
    ) -> list[Terms]:
        """The terms of every diagnosis, best first, at least one."""
        predictions = []
        for row, own in groupby(zip(features, found, strict=True), key=lambda pair: pair[0].row):
            ranked = sorted((term for _, term in own), key=lambda term: -term.score)
            probable = [term for term in ranked if term.probability >= self.threshold] or ranked[:1]
            limit = 1 + len(_JOINED.findall(rows[row].text)) if self.count == "joined" else None
            predictions.append(tuple(probable[:limit]))
        return predictions

    def gold(self, row: Labelled) -> Terms:
        """The row's own terms."""
        return tuple(Term(term, 1.0, 1.0) for term in _wanted(row))

    def score(
        self,
        rows: Sequence[Labelled],
        predictions: Sequence[Terms],
        labels: Sequence[str],  # noqa: ARG002 - part of the contract
    ) -> dict[str, float]:
        """`f1`, `precision`, `recall` pooled over the pairs; `exact`: the share of diagnoses that are wholly right."""
        counts = matched([_wanted(row) for row in rows], [[term.term for term in own] for own in predictions])
        exact = sum(self.right(row, own) for row, own in zip(rows, predictions, strict=True)) / max(1, len(rows))
        return {"f1": counts.f1, "precision": counts.precision, "recall": counts.recall, "exact": exact}

    def right(self, row: Labelled, prediction: Terms) -> bool:
        """Whether the terms are the row's, all of them and no other."""
        return {term.term for term in prediction} == set(_wanted(row))

    def sure(self, prediction: Terms) -> float:
        """The least probable of the terms decides."""
        return min((term.probability for term in prediction), default=0.0)

    def by_label(
        self,
        rows: Sequence[Labelled],  # noqa: ARG002 - part of the contract
        predictions: Sequence[Terms],  # noqa: ARG002
        labels: Sequence[str],  # noqa: ARG002
    ) -> dict[str, Counts]:
        """Empty: the labels are the terms of a whole dictionary."""
        return {}

    def baseline(self, train: Sequence[Labelled], rows: Sequence[Labelled]) -> tuple[str, list[Terms]]:
        """The best term of the recall over the terms of the training rows."""
        terms = tuple(self.labels_of(train))
        best = [recall_of(terms).top(row.text, 1)[0][0] for row in rows]
        return "likest in its characters", [(Term(terms[place], 1.0, 1.0),) for place in best]

    def to_json(self, prediction: Terms) -> dict[str, Any]:
        """`{"terms": […], "probabilities": {term: …}}`."""
        probabilities = {term.term: round(term.probability, 6) for term in prediction}
        return {"terms": list(probabilities), "probabilities": probabilities}

    def row(self, id_: str, value: str | Mapping[str, Any]) -> Labelled:
        """A text, or `{"text"}`."""
        return Labelled(id_, fields(id_, value, ("text",))["text"])

    def probes(self, texts: Sequence[str]) -> list[str | dict[str, Any]]:
        """The beginnings of some texts: a diagnosis is short, and has many candidates."""
        return [text[:24] for text in texts[:8]]

    def _learned(self, place: int, best: np.ndarray, right: set[int]) -> list[int]:
        """The right terms, the hardest wrong ones and some others, in the order of the recall."""
        wrong = [term for term in best.tolist() if term not in right]
        rest = wrong[self.hard :]
        drawn = np.random.default_rng(place).permutation(len(rest))[: self.random]
        kept = right | set(wrong[: self.hard]) | {rest[number] for number in drawn}
        return [term for term in best.tolist() if term in kept] + sorted(right - set(best.tolist()))


def _wanted(row: Labelled) -> tuple[str, ...]:
    """The standard terms of a row. Raises: MedencError when it has none."""
    if not isinstance(row.label, tuple) or not row.label:
        raise MedencError("a diagnosis without standard terms", where=row.id)
    return row.label


def _right(row: Labelled, number: Mapping[str, int]) -> set[int]:
    wanted = _wanted(row)
    if any(term not in number for term in wanted):
        raise MedencError(f"a standard term that is not among the {len(number)} of the dictionary", where=row.id)
    return {number[term] for term in wanted}


def _gold(right: bool, learn: bool) -> dict[str, np.ndarray]:
    return {"label": np.array(int(right)), "weight": np.array(1, dtype=np.float32)} if learn else {}
