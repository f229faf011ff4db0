"""Subject, predicate and object together: CMeIE, DiaKG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.data.examples import Annotated
from medenc.decoding import batches, related, triples
from medenc.decoding.contract import Arrays, Feature
from medenc.decoding.inputs import fields, records
from medenc.decoding.known_triples import Finder, KnownTriple, Strings, candidates, known_triples, recalled, weighed
from medenc.decoding.names import NameMarks, Noted
from medenc.decoding.related import Related
from medenc.decoding.span_windows import Marked, Seen, entities_of, marked, seen, span_windows, stacked
from medenc.decoding.triples import Answer, found_triples
from medenc.decoding.units import UnitKind
from medenc.metrics.counts import Counts
from medenc.metrics.triples import by_predicate

ENTITY, RELATION = "entity:", "relation:"
STACKS = ("entities", "heads", "tails")
UNTYPED = "entity"  # the type of a side where the data says none, and of all in the published scheme
PUBLISHED_THRESHOLD = 0.5  # on the logits of starts and ends
Side = tuple[str, int, int]


class Labels(NamedTuple):
    """A task's labels, apart."""

    types: list[str]
    predicates: list[str]


class Triples(NameMarks):
    """Joint extraction of entities and relations, in windows that overlap by a quarter.

    `linked` loses no triple whose two sides are in one window. `published` is PaddleNLP's scheme for CMeIE, which keeps
    one entity a start, ended by the nearest end; its entities have no type. What a scheme cannot give back from its own
    marks is counted as `lost`, triples whose words are not in the text as `unplaced`, and those that the text spells
    differently (so that their strings differ) as `respelled`.

    With `recall_triples` the model's folder holds the triples of the training rows. One whose sides both stand in a
    text is found there when the model's score and `weight` x its trust are together above the threshold.
    """

    own_words: ClassVar[frozenset[str]] = NameMarks.own_words | {"triples"}
    together: ClassVar[bool] = False

    scheme: Literal["linked", "published"] = "linked"
    unit: UnitKind = "character"
    threshold: float = 0.0  # of the scores of cells
    size: int = Field(default=64, ge=2, multiple_of=2)  # of the vectors of the head for `linked`
    dropout: float = Field(default=0.1, ge=0, lt=1)
    recall_triples: bool = False
    weight: float = Field(default=20.0, gt=0)  # of the trust in a known triple, in points of a cell's score
    triples: list[KnownTriple] = []  # what training found, and refused in a recipe

    @model_validator(mode="after")
    def _recalled_by_cells(self) -> Self:
        if self.recall_triples and self.scheme == "published":
            raise ValueError('recall_triples adds to the published scheme: set scheme = "linked"')
        return self

    @property
    def main_measure(self) -> str:
        """Strict F1 of triples."""
        return "f1"

    @property
    def added_tokens(self) -> tuple[str, ...]:
        """None."""
        return ()

    def head_options(self, labels: Sequence[str]) -> dict[str, Any]:
        """The head `span_matrix`, or `start_pairs` for the published scheme."""
        types, predicates = _apart(labels)
        if self.scheme == "published":
            return {"use": "start_pairs", "size": len(predicates), "dropout": self.dropout}
        sizes = (len(types), len(predicates), len(predicates))
        stacks = [
            {"name": name, "size": size, "forward": name == "entities"}
            for name, size in zip(STACKS, sizes, strict=True)
        ]
        return {"use": "span_matrix", "matrices": stacks, "size": self.size, "dropout": self.dropout}

    def labels_of(self, rows: Sequence[Any]) -> list[str]:
        """`entity:TYPE` and `relation:PREDICATE`. Raises: MedencError when there is no triple."""
        rows = records(rows, Annotated, "triples")
        predicates = {RELATION + triple.predicate for row in rows for triple in row.triples}
        if not predicates:
            raise MedencError("no training row has a triple", where="data")
        return sorted(predicates | {ENTITY + type_ for row in rows for type_, _, _ in _sides(row)})

    def learned(self, rows: Sequence[Any]) -> Self:
        """With the names and the triples of the training rows, where it keeps them."""
        task = super().learned(rows)
        if not self.recall_triples:
            return task
        return type(self)(**task.model_dump() | {"triples": known_triples(records(rows, Annotated, "triples"))})

    def features(
        self, rows: Sequence[Any], tokenizer: Tokenizer, labels: Sequence[str], max_tokens: int, *, learn: bool = False
    ) -> tuple[list[Feature], dict[str, int]]:
        """A feature for every window."""
        rows = records(rows, Annotated, "triples")
        known = _apart(labels)
        if not learn:
            features = self._recalling(span_windows(rows, tokenizer, self.unit, max_tokens, None), rows, known)
            return self.with_names(features, rows, labels, learn=False), self._counts(features)
        for row in rows:
            _check_labels(row, known)
        teach = [lambda window, row=row: self._marks(window, row, known) for row in rows]
        features = span_windows(rows, tokenizer, self.unit, max_tokens, teach)
        counts = self._counts(features) | self._losses(rows, features, labels)
        return self.with_names(features, rows, labels, learn=True), counts

    def collate(self, features: Sequence[Feature], pad_id: int) -> Arrays:
        """Padded windows; marked cells (batch, k, 3) by the names of the head's outputs."""
        return {**batches.stack(features, pad_id), **batches.gold(features)}

    def read(self, outputs: Arrays, feature: Feature, labels: Sequence[str]) -> Answer:  # noqa: ARG002
        """The entities and links of a window, with their scores."""
        places = seen(feature).places
        if self.scheme == "published":
            starts, ends = outputs["bounds"][:, places]
            relations = marked(outputs["relations"], places, self.threshold, forward=False)
            return triples.published(starts, ends, relations, PUBLISHED_THRESHOLD)
        stacks = (marked(outputs[name], places, self.threshold, forward=name == "entities") for name in STACKS)
        answer = triples.linked(*stacks)
        if not self.recall_triples:
            return answer
        cells = {name: outputs[name][:, places][:, :, places] for name in STACKS}
        known = feature.memory[1] if len(feature.memory) > 1 else ()  # nobody asks where a model learns
        return answer._replace(asked=tuple(weighed(answer, cells, known, seen(feature))))

    def decode(
        self, found: Sequence[Answer], features: Sequence[Feature], rows: Sequence[Annotated], labels: Sequence[str]
    ) -> list[Related]:
        """The entities and triples of every text, in order."""
        types, predicates = _apart(labels)
        predictions = []
        for row, own in groupby(zip(features, found, strict=True), key=lambda pair: pair[0].row):
            text, (features_, answers) = rows[row].text, zip(*own, strict=True)
            windows = [seen(feature) for feature in features_]
            names = types if self.scheme == "linked" else [UNTYPED]
            entities = entities_of(text, windows, [answer.entities for answer in answers], names)
            ordered = tuple(sorted(entities, key=lambda entity: entity.span))
            related_ = Related(ordered, found_triples(text, windows, answers, ordered, predicates))
            known = [one for answer in answers for one in answer.asked]
            predictions.append(recalled(text, related_, known, self._types, self.weight, self.threshold))
        return predictions

    def gold(self, row: Annotated) -> Related:
        """The row's own triples, those without a place too."""
        return related.gold_related(row)

    def score(
        self,
        rows: Sequence[Annotated],
        predictions: Sequence[Related],
        labels: Sequence[str],  # noqa: ARG002 - part of the contract
    ) -> dict[str, float]:
        """`f1`, `precision`, `recall` by strings; `span_f1` by places; `entity_f1`."""
        return related.related_scores(rows, predictions)

    def right(self, row: Annotated, prediction: Related) -> bool:
        """Whether the triples are the row's, all of them and no other."""
        return {t.strings for t in prediction.triples} == {t.strings for t in row.triples}

    def sure(self, prediction: Related) -> float:
        """The least sure of the triples decides; 1 for none."""
        return min((triple.score for triple in prediction.triples), default=1.0)

    def by_label(
        self, rows: Sequence[Annotated], predictions: Sequence[Related], labels: Sequence[str]
    ) -> dict[str, Counts]:
        """Strict counts of each predicate's triples."""
        gold = [{t.strings for t in row.triples} for row in rows]
        return by_predicate(gold, [{t.strings for t in own.triples} for own in predictions], _apart(labels).predicates)

    def baseline(self, train: Sequence[Annotated], rows: Sequence[Annotated]) -> tuple[str, list[Related]]:
        """The triples of the training rows, wherever both their strings occur."""
        return "triples of the training rows", related.dictionary_triples(train, rows)

    def to_json(self, prediction: Related) -> dict[str, Any]:
        """`{"triples": [...], "entities": [...]}`."""
        return related.related_json(prediction)

    def row(self, id_: str, value: str | Mapping[str, Any]) -> Annotated:
        """A text, or `{"text"}`."""
        return Annotated(id_, fields(id_, value, ("text",))["text"])

    def probes(self, texts: Sequence[str]) -> list[str | dict[str, Any]]:
        """Every text."""
        return list(texts)

    @cached_property
    def _finder(self) -> Finder:
        """Of the known triples; one text is answered without building it again."""
        return Finder({(t.subject, t.predicate, t.object): t.trust for t in self.triples})

    @cached_property
    def _types(self) -> dict[Strings, tuple[str, str]]:
        """The types of the sides of every known triple."""
        return {
            (one.subject, one.predicate, one.object): (one.subject_type or UNTYPED, one.object_type or UNTYPED)
            for one in self.triples
        }

    def _recalling(self, features: Sequence[Feature], rows: Sequence[Annotated], labels: Labels) -> list[Feature]:
        """The features with the known triples that may stand in them."""
        if not self.recall_triples:
            return list(features)
        recalling = []
        for row, group in groupby(features, key=lambda feature: feature.row):
            own = list(group)
            known = candidates(rows[row].text, [seen(feature) for feature in own], self._finder, labels.predicates)
            recalling += [replace(f, memory=(seen(f), each)) for f, each in zip(own, known, strict=True)]
        return recalling

    def _marked_labels(self, labels: Sequence[str]) -> Sequence[str]:
        return [label for label in labels if label.startswith(ENTITY)]

    def _noted(self, rows: Sequence[Annotated]) -> list[Noted]:
        return [
            Noted(row.text, [(start, end, ENTITY + type_) for type_, start, end in sorted(_sides(row))]) for row in rows
        ]

    def _marks(self, window: Seen, row: Annotated, labels: Labels) -> dict[str, np.ndarray]:
        """The cells of tokens that a window teaches."""
        links = [
            (labels.predicates.index(t.predicate), a, b)
            for t in row.triples
            if t.subject_span and t.object_span
            if (a := window.units_of(*t.subject_span)) and (b := window.units_of(*t.object_span))
        ]
        heads = stacked([window.cell(p, a[0], b[0]) for p, a, b in links])
        if self.scheme == "published":
            sides = {side for _, a, b in links for side in (a, b)}  # entities without a triple are not learned
            bounds = [window.cell(bound, side[bound], side[bound]) for side in sides for bound in (0, 1)]
            return {"bounds": stacked(bounds), "relations": heads}
        tails = stacked([window.cell(p, a[1], b[1]) for p, a, b in links])
        spans = [(labels.types.index(type_), window.units_of(*span)) for type_, *span in _sides(row)]
        entities = stacked([window.cell(type_, *units) for type_, units in spans if units])
        return dict(zip(STACKS, (entities, heads, tails), strict=True))

    def _losses(self, rows: Sequence[Annotated], features: Sequence[Feature], labels: Sequence[str]) -> dict[str, int]:
        """What does not come back from the marks that are taught."""
        returned = self.decode([self._perfect(feature) for feature in features], features, rows, labels)
        counts = {"lost": 0, "unplaced": 0, "respelled": 0}
        for row, own in zip(rows, returned, strict=True):
            back = {(t.subject_span, t.predicate, t.object_span): t.strings for t in own.triples}
            for t in row.triples:
                place = (t.subject_span, t.predicate, t.object_span)
                counts["unplaced"] += None in place
                counts["lost"] += None not in place and place not in back
                counts["respelled"] += place in back and back[place] != t.strings
        return counts

    def _perfect(self, feature: Feature) -> Answer:
        """What a window says when its marks are exactly what it teaches."""
        unit = {int(token): place for place, token in enumerate(seen(feature).places)}
        cells = {
            name: Marked(
                np.array([(m, unit[i], unit[j]) for m, i, j in own.tolist()], dtype=np.int64).reshape(-1, 3),
                np.ones(len(own)),
            )
            for name, own in feature.gold.items()
        }
        if self.scheme == "linked":
            return triples.linked(*(cells[name] for name in STACKS))
        bounds = np.zeros((2, len(unit)))
        bounds[cells["bounds"].cells[:, 0], cells["bounds"].cells[:, 1]] = 1.0
        return triples.published(bounds[0], bounds[1], cells["relations"], PUBLISHED_THRESHOLD)

    @staticmethod
    def _counts(features: Sequence[Feature]) -> dict[str, int]:
        return {"windows": len(features), "truncated": len({f.row for f in features if f.cut})}


def _apart(labels: Sequence[str]) -> Labels:
    return Labels(
        [label.removeprefix(ENTITY) for label in labels if label.startswith(ENTITY)],
        [label.removeprefix(RELATION) for label in labels if label.startswith(RELATION)],
    )


def _sides(row: Annotated) -> set[Side]:
    """The entities of a row as (type, start, end), with the sides of its triples that are none of them."""
    found = {(entity.label, entity.start, entity.end) for entity in row.entities}
    known = {(start, end) for _, start, end in found}
    for t in row.triples:
        for span, type_ in ((t.subject_span, t.subject_type), (t.object_span, t.object_type)):
            if span and (type_ or span not in known):
                found.add((type_ or UNTYPED, *span))
    return found


def _check_labels(row: Annotated, labels: Labels) -> None:
    for type_, _, _ in _sides(row):
        if type_ not in labels.types:
            raise MedencError(f"the label '{type_}' is not among the {len(labels.types)} types", where=row.id)
    for triple in row.triples:
        if triple.predicate not in labels.predicates:
            known = len(labels.predicates)
            raise MedencError(f"the label '{triple.predicate}' is not among the {known} predicates", where=row.id)
