"""Entities by scoring every span: nested, overlapping and equal ones, none of which is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from pydantic import Field
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.data.examples import Annotated
from medenc.decoding import batches
from medenc.decoding.contract import Arrays, Feature
from medenc.decoding.entities import Entities, EntityTask
from medenc.decoding.span_windows import Marked, Seen, entities_of, marked, seen, span_windows, stacked


class EntitySpans(EntityTask):
    """CMeEE and other nested entities. A long text is read in windows that overlap by a quarter.

    What cannot be taught is counted as `lost`: an entity that begins or ends inside a unit (never with
    `unit = "character"`), or that is longer than two windows share.
    """

    threshold: float = 0.0  # of the score; 0 is the model's own
    size: int = Field(default=64, ge=2, multiple_of=2)  # of the head's vectors
    dropout: float = Field(default=0.1, ge=0, lt=1)

    def head_options(self, labels: Sequence[str]) -> dict[str, Any]:
        """The head `span_matrix`, one matrix a label."""
        stack = {"name": "entities", "size": len(labels)}
        return {"use": "span_matrix", "matrices": [stack], "size": self.size, "dropout": self.dropout}

    def features(
        self, rows: Sequence[Any], tokenizer: Tokenizer, labels: Sequence[str], max_tokens: int, *, learn: bool = False
    ) -> tuple[list[Feature], dict[str, int]]:
        """A feature for every window."""
        rows = self._annotated(rows)
        number = {label: place for place, label in enumerate(labels)}
        teach = None
        if learn:
            for row in rows:
                _check_labels(row, number)
            teach = [lambda window, row=row: {"entities": stacked(_cells(window, row, number))} for row in rows]
        features = span_windows(rows, tokenizer, self.unit, max_tokens, teach)
        counts = {"windows": len(features), "truncated": len({f.row for f in features if f.cut})}
        lost = {"lost": _lost(rows, features)} if learn else {}
        return self.with_names(features, rows, labels, learn=learn), counts | lost

    def collate(self, features: Sequence[Feature], pad_id: int) -> Arrays:
        """Padded windows; `entities` (batch, k, 3): label, first and last token of each."""
        return {**batches.stack(features, pad_id), **batches.gold(features)}

    def read(self, outputs: Arrays, feature: Feature, labels: Sequence[str]) -> Marked:  # noqa: ARG002
        """The marked spans: label, first and last unit of the window, with their scores."""
        return marked(outputs["entities"], seen(feature).places, self.threshold, forward=True)

    def decode(
        self, found: Sequence[Marked], features: Sequence[Feature], rows: Sequence[Annotated], labels: Sequence[str]
    ) -> list[Entities]:
        """The entities of every text, in order, at offsets of the original text."""
        predictions = []
        for row, own in groupby(zip(features, found, strict=True), key=lambda pair: pair[0].row):
            features_, answers = zip(*own, strict=True)
            entities = entities_of(rows[row].text, [seen(feature) for feature in features_], answers, labels)
            predictions.append(tuple(sorted(entities, key=lambda entity: entity.span)))
        return predictions


def _cells(window: Seen, row: Annotated, number: Mapping[str, int]) -> list[tuple[int, int, int]]:
    """The cells of the entities that a window holds whole."""
    placed = [(entity, window.units_of(entity.start, entity.end)) for entity in row.entities]
    return [window.cell(number[entity.label], *units) for entity, units in placed if units]


def _lost(rows: Sequence[Annotated], features: Sequence[Feature]) -> int:
    """Entities that no window holds."""
    windows: list[list[Seen]] = [[] for _ in rows]
    for feature in features:
        windows[feature.row].append(seen(feature))
    return sum(
        not any(window.units_of(start, end) for window in own)
        for row, own in zip(rows, windows, strict=True)
        for start, end, _ in row.spans
    )


def _check_labels(row: Annotated, number: Mapping[str, int]) -> None:
    for entity in row.entities:
        if entity.label not in number:
            raise MedencError(f"the label '{entity.label}' is not among the {len(number)} labels", where=row.id)
