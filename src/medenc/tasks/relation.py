"""Relations between given entities: every pair is marked in its text and classified."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.examples import Annotated, Entity
from medenc.decoding import batches
from medenc.decoding.contract import Arrays, Feature
from medenc.decoding.inputs import annotated, records
from medenc.decoding.marked import MARKERS, Markers, Span, marked
from medenc.decoding.pieces import Frame, pieces
from medenc.decoding.probabilities import softmax
from medenc.decoding.relations import (
    Relations,
    by_predicate,
    gold_relations,
    keys,
    relation_json,
    relation_scores,
)
from medenc.decoding.triples import FoundTriple
from medenc.metrics.counts import Counts

Pair = tuple[Entity, Entity]
NONE = 0  # the class of a pair that is not related


class Relation(Plugin):
    """Which of the entities of a text are related, and how; the entities come with the text.

    Marker tokens around subject and object become part of the tokenizer. A pair has one relation at most. Source:
    Baldini Soares et al., Matching the blanks, ACL 2019: its best way is `decide = "starts"`.
    """

    together: ClassVar[bool] = False

    between: tuple[tuple[str, str], ...] = ()  # labels of subject and object; all pairs of a text by default
    none_weight: float = Field(default=1.0, gt=0)  # of a pair without a relation in the loss: there are many of them
    decide: Literal["first", "starts"] = "first"  # by the vector of the first token, or of the tokens that open the two
    head: dict[str, Any] = {}

    @property
    def main_measure(self) -> str:
        """Strict micro-F1 of the relations."""
        return "f1"

    @property
    def added_tokens(self) -> tuple[str, ...]:
        """The markers."""
        return MARKERS

    def head_options(self, labels: Sequence[str]) -> dict[str, Any]:
        """The head `sequence` or `entity_starts`, with a class for no relation."""
        if self.decide == "starts":
            return {"use": "entity_starts", "size": 1 + len(labels), "added": len(MARKERS), **self.head}
        return {"use": "sequence", "target": "class", "size": 1 + len(labels), **self.head}

    def labels_of(self, rows: Sequence[Any]) -> list[str]:
        """The predicates of the relations. Raises: MedencError when there is none."""
        found = sorted({triple.predicate for row in records(rows, Annotated, "relation") for triple in row.triples})
        if not found:
            raise MedencError("no training row has a relation", where="data")
        return found

    def features(
        self, rows: Sequence[Any], tokenizer: Tokenizer, labels: Sequence[str], max_tokens: int, *, learn: bool = False
    ) -> tuple[list[Feature], dict[str, int]]:
        """A feature for every pair of entities; its memory is the pair. A text without a pair has none."""
        rows = records(rows, Annotated, "relation")
        frame, markers = Frame.of(tokenizer, pair=False), Markers.of(tokenizer)
        number = {label: place for place, label in enumerate(labels, start=1)}
        features: list[Feature] = []
        lost = 0
        for place, (row, own) in enumerate(zip(rows, pieces(tokenizer, [row.text for row in rows]), strict=True)):
            known = _classes(row, number) if learn else {}
            lost += len(gold_relations(row)) if learn else 0
            for subject, target in self._pairs(row):
                spans = _places(subject, target)
                part, cut = marked(own, *spans, markers, max_tokens - frame.size)
                gold = self._gold(known.get(spans, NONE)) if learn else {}
                lost -= spans in known
                features.append(Feature(place, row.id, *frame.around(part), gold, (subject, target), cut))
        if not features and learn:
            raise MedencError("no row has two entities to relate", where="data")
        return features, {"truncated": len({f.row for f in features if f.cut})} | ({"lost": lost} if learn else {})

    def collate(self, features: Sequence[Feature], pad_id: int) -> Arrays:
        """Padded sequences; `label` and `weight` (batch,)."""
        return {**batches.stack(features, pad_id), **batches.gold(features)}

    def read(self, outputs: Arrays, feature: Feature, labels: Sequence[str]) -> np.ndarray:  # noqa: ARG002
        """Probabilities of no relation and of each predicate."""
        return softmax(outputs["logits"])

    def decode(
        self,
        found: Sequence[np.ndarray],
        features: Sequence[Feature],
        rows: Sequence[Annotated],
        labels: Sequence[str],
    ) -> list[Relations]:
        """The relations of every text, in order."""
        predictions: list[list[FoundTriple]] = [[] for _ in rows]
        for feature, probabilities in zip(features, found, strict=True):
            best = int(probabilities.argmax())
            if best != NONE:
                (subject, target), text = feature.memory, rows[feature.row].text
                found_one = _triple(text, subject, target, labels[best - 1], float(probabilities[best]))
                predictions[feature.row].append(found_one)
        return [tuple(own) for own in predictions]

    def gold(self, row: Annotated) -> Relations:
        """The row's own relations."""
        return tuple(gold_relations(row).values())

    def score(
        self,
        rows: Sequence[Annotated],
        predictions: Sequence[Relations],
        labels: Sequence[str],  # noqa: ARG002
    ) -> dict[str, float]:
        """Strict `f1`, `precision`, `recall`; relations of what is no entity of the row count as missed."""
        return relation_scores(rows, predictions)

    def right(self, row: Annotated, prediction: Relations) -> bool:
        """Whether the relations are the row's, all of them and no other."""
        return keys(prediction) == gold_relations(row).keys()

    def sure(self, prediction: Relations) -> float:
        """The least sure of the relations decides; 1 for none."""
        return min((related.score for related in prediction), default=1.0)

    def by_label(
        self, rows: Sequence[Annotated], predictions: Sequence[Relations], labels: Sequence[str]
    ) -> dict[str, Counts]:
        """Strict counts of each predicate."""
        return by_predicate(rows, predictions, labels)

    def baseline(self, train: Sequence[Annotated], rows: Sequence[Annotated]) -> tuple[str, list[Relations]]:
        """Every pair has the relation that pairs of these labels have most often, where most have one."""
        seen: dict[tuple[str, str], Counter[str]] = {}
        for row in train:
            known = {(subject, target): predicate for subject, predicate, target in gold_relations(row)}
            for subject, target in self._pairs(row):
                kinds = subject.label, target.label
                seen.setdefault(kinds, Counter())[known.get(_places(subject, target), "")] += 1
        usual = {kinds: min(own, key=lambda name: (-own[name], name)) for kinds, own in seen.items()}
        return "most frequent relation of the labels", [tuple(self._usual(row, usual)) for row in rows]

    def to_json(self, prediction: Relations) -> dict[str, Any]:
        """`{"triples": [{"subject", "predicate", "object", …}]}`."""
        return {"triples": [relation_json(triple) for triple in prediction]}

    def row(self, id_: str, value: str | Mapping[str, Any]) -> Annotated:
        """`{"text", "entities": [{"start", "end", "label"}]}`."""
        return annotated(id_, value)

    def probes(self, texts: Sequence[str]) -> list[str | dict[str, Any]]:
        """Every text, with its first and its last word as entities."""
        subject, target = self.between[0] if self.between else ("a", "b")
        return [
            {
                "text": text,
                "entities": [
                    {"start": 0, "end": 1, "label": subject},
                    {"start": len(text) - 1, "end": len(text), "label": target},
                ],
            }
            for text in texts
        ]

    def _pairs(self, row: Annotated) -> Iterator[Pair]:
        """The ordered pairs of different entities of a text that may be related."""
        own = sorted(set(row.entities), key=lambda entity: entity.span)
        for subject in own:
            for target in own:
                allowed = not self.between or (subject.label, target.label) in self.between
                if allowed and (subject.start, subject.end) != (target.start, target.end):
                    yield subject, target

    def _gold(self, number: int) -> dict[str, np.ndarray]:
        weight = self.none_weight if number == NONE else 1.0
        return {"label": np.asarray(number), "weight": np.asarray(weight, dtype=np.float32)}

    def _usual(self, row: Annotated, usual: Mapping[tuple[str, str], str]) -> Iterator[FoundTriple]:
        for subject, target in self._pairs(row):
            if predicate := usual.get((subject.label, target.label), ""):
                yield _triple(row.text, subject, target, predicate)


def _classes(row: Annotated, number: Mapping[str, int]) -> dict[tuple[Span, Span], int]:
    """The class of every related pair of places. Raises: MedencError for a predicate that is no label."""
    found = {}
    for subject, predicate, target in gold_relations(row):
        if predicate not in number:
            raise MedencError(f"the label '{predicate}' is not among the {len(number)} labels", where=row.id)
        found[subject, target] = number[predicate]
    return found


def _places(subject: Entity, target: Entity) -> tuple[Span, Span]:
    return (subject.start, subject.end), (target.start, target.end)


def _triple(text: str, subject: Entity, target: Entity, predicate: str, score: float = 1.0) -> FoundTriple:
    spans = _places(subject, target)
    ours, theirs = (text[slice(*span)] for span in spans)
    return FoundTriple(ours, predicate, theirs, *spans, subject.label, target.label, score)
