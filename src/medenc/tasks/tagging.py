"""Tagging: entities as tags on words, characters or pieces."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.data.examples import Annotated, Entity
from medenc.data.tags import decode as chunks_of
from medenc.decoding import batches
from medenc.decoding.contract import Arrays, Feature
from medenc.decoding.entities import Entities, EntityTask, Found
from medenc.decoding.legal_tags import likeliest
from medenc.decoding.pieces import Frame, Pieces
from medenc.decoding.probabilities import softmax
from medenc.decoding.units import Units, units, windowed

PREFIXES = {"iob2": "BI", "bioes": "BIES"}
Tags = list[np.ndarray]  # of each layer: the probability of every unit's tags


class Tagging(EntityTask):
    """Named entities in IOB2 or BIOES tags; a long text is read in windows, every unit decided once.

    One row of tags cannot hold entities that overlap, so `layers` gives some labels a row of their own: CMeEE's two
    layers are `layers = [["sym"]]` with `scheme = "bioes"`. What still overlaps inside a layer (the shorter entity)
    and what begins or ends inside a unit is counted as `lost`. Source: PaddleNLP's CMeEE reader, which keeps the
    longer of two entities with one start, and lets others overwrite each other's tags.
    """

    scheme: Literal["iob2", "bioes"] = "iob2"
    layers: tuple[tuple[str, ...], ...] = ()  # labels with a row of tags of their own; all others share the first
    # tags that form no entity: read as conlleval does, or dropped; or the likeliest tags that form entities are taken
    broken: Literal["mend", "drop", "avoid"] = "mend"
    head: dict[str, Any] = {}

    @model_validator(mode="after")
    def _apart(self) -> Self:
        names = [label for layer in self.layers for label in layer]
        if len(set(names)) < len(names) or not all(self.layers):
            raise ValueError("layers are disjoint sets of labels, none of them empty")
        return self

    def head_options(self, labels: Sequence[str]) -> dict[str, Any]:
        """The head `tokens`, a size for every layer."""
        return {"use": "tokens", "sizes": [len(self._tags(own)) for own in self._layers(labels)], **self.head}

    def features(
        self, rows: Sequence[Any], tokenizer: Tokenizer, labels: Sequence[str], max_tokens: int, *, learn: bool = False
    ) -> tuple[list[Feature], dict[str, int]]:
        """A feature for every window; its memory is the spans of the units it decides and where they begin."""
        rows = self._annotated(rows)
        frame = Frame.of(tokenizer, pair=False)
        divided = units(tokenizer, [row.text for row in rows], [row.tokens for row in rows], self.unit)
        layers = [self._tags(own) for own in self._layers(labels)]
        features: list[Feature] = []
        lost = 0
        for place, (row, own) in enumerate(zip(rows, divided, strict=True)):
            tags, missing = self._taught(row, own, labels, layers) if learn else ([], 0)
            features += _windows(place, row, own, tags, frame, max_tokens)
            lost += missing
        truncated = len({feature.row for feature in features if feature.cut})
        counts = {"windows": len(features), "truncated": truncated}
        return self.with_names(features, rows, labels, learn=learn), counts | ({"lost": lost} if learn else {})

    def collate(self, features: Sequence[Feature], pad_id: int) -> Arrays:
        """Padded sequences; `tags_0`, … (batch, tokens), -100 where no unit begins."""
        return {**batches.stack(features, pad_id), **batches.gold(features)}

    def read(self, outputs: Arrays, feature: Feature, labels: Sequence[str]) -> Tags:
        """The probabilities of every unit's tags, (units, tags) of each layer."""
        _, places = feature.memory
        layers = range(len(self._layers(labels)))
        return [softmax(outputs[f"tags_{layer}"][places]).astype(np.float32) for layer in layers]

    def decode(
        self, found: Sequence[Tags], features: Sequence[Feature], rows: Sequence[Annotated], labels: Sequence[str]
    ) -> list[Entities]:
        """The entities of every text, in order, at offsets of the original text."""
        layers = [self._tags(own) for own in self._layers(labels)]
        predictions: list[Entities] = []
        for row, own in groupby(zip(features, found, strict=True), key=lambda pair: pair[0].row):
            windows = list(own)
            spans = np.concatenate([feature.memory[0] for feature, _ in windows])
            entities: list[Found] = []
            for layer, names in enumerate(layers):
                probabilities = np.concatenate([answers[layer] for _, answers in windows])
                tags = self._decided(probabilities, names)
                sure = probabilities[np.arange(len(tags)), tags]
                entities += self._entities(rows[row].text, spans, [names[tag] for tag in tags], sure)
            predictions.append(tuple(sorted(entities, key=lambda entity: entity.span)))
        return predictions

    def _decided(self, probabilities: np.ndarray, names: Sequence[str]) -> np.ndarray:
        """The number of every unit's tag, (units,)."""
        if self.broken == "avoid":
            return likeliest(probabilities, names, closed=self.scheme == "bioes")
        decided: np.ndarray = probabilities.argmax(-1)
        return decided

    def _layers(self, labels: Sequence[str]) -> list[list[str]]:
        """The labels of each layer, of the common one first."""
        apart = {label for layer in self.layers for label in layer}
        own = [[label for label in layer if label in labels] for layer in self.layers]
        return [layer for layer in ([label for label in labels if label not in apart], *own) if layer]

    def _tags(self, labels: Sequence[str]) -> list[str]:
        """`O` first, so that an untrained unit is outside."""
        return ["O", *(f"{prefix}-{label}" for label in labels for prefix in PREFIXES[self.scheme])]

    def _taught(
        self, row: Annotated, own: Units, labels: Sequence[str], layers: Sequence[Sequence[str]]
    ) -> tuple[list[np.ndarray], int]:
        """The number of every unit's tag in each layer, and how many entities have no place in them."""
        taught = [np.zeros(len(own.spans), dtype=np.int64) for _ in layers]
        starts = {int(start): place for place, (start, _) in enumerate(own.spans)}
        ends = {int(end): place + 1 for place, (_, end) in enumerate(own.spans)}
        lost = 0
        for entity in sorted(set(row.entities), key=lambda e: (e.start - e.end, e.start, e.label)):
            layer = self._layer_of(row, entity, labels)
            part = slice(starts.get(entity.start, 0), ends.get(entity.end, 0))
            if entity.start not in starts or entity.end not in ends or taught[layer][part].any():
                lost += 1
                continue
            taught[layer][part] = [layers[layer].index(tag) for tag in self._expected(entity.label, part)]
        return taught, lost

    def _layer_of(self, row: Annotated, entity: Entity, labels: Sequence[str]) -> int:
        for layer, own in enumerate(self._layers(labels)):
            if entity.label in own:
                return layer
        raise MedencError(f"the label '{entity.label}' is not among the {len(labels)} labels", where=row.id)

    def _expected(self, label: str, part: slice) -> list[str]:
        """The tags of an entity over the units of `part`."""
        inner = part.stop - part.start - 2
        if self.scheme == "iob2":
            return [f"B-{label}", *[f"I-{label}"] * (inner + 1)]
        return [f"B-{label}", *[f"I-{label}"] * inner, f"E-{label}"] if inner >= 0 else [f"S-{label}"]

    def _entities(self, text: str, spans: np.ndarray, tags: list[str], sure: np.ndarray) -> list[Found]:
        found = []
        for first, end, label in chunks_of(tags):
            if self.broken == "drop" and tags[first:end] != self._expected(label, slice(first, end)):
                continue
            a, b = int(spans[first, 0]), int(spans[end - 1, 1])
            found.append(Found(a, b, label, text[a:b], float(sure[first:end].mean())))
        return found


def _windows(
    place: int, row: Annotated, own: Units, tags: Sequence[np.ndarray], frame: Frame, max_tokens: int
) -> list[Feature]:
    features, capacity = [], max_tokens - frame.size
    for window, ids, offsets, begins in windowed(own, capacity):
        read = frame.around(Pieces(ids, offsets, ids))
        decided = slice(window.own_first, window.own_last)
        places = begins[window.own_first - window.first : window.own_last - window.first] + len(frame.special[0])
        gold = {f"tags_{layer}": np.full(len(read[0]), batches.IGNORE) for layer in range(len(tags))}
        for layer, numbers in enumerate(tags):
            gold[f"tags_{layer}"][places] = numbers[decided]
        cut = sum(max(0, len(ids) - capacity) for ids in own.ids[decided])
        features.append(Feature(place, row.id, *read, gold, (own.spans[decided], places), cut))
    return features
