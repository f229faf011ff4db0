"""Entities as predictions: found, scored, compared with a dictionary, printed; and what all tasks of entities share."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from medenc.core.errors import MedencError
from medenc.data.examples import Annotated
from medenc.decoding.inputs import fields, records
from medenc.decoding.names import Gazetteer, NameMarks, Noted
from medenc.decoding.units import UnitKind
from medenc.metrics import spans
from medenc.metrics.counts import Counts


@dataclass(frozen=True, slots=True)
class Found:
    """An entity that a model found: characters of the original text, end exclusive, and how sure the model is."""

    start: int
    end: int
    label: str
    text: str
    score: float = 1.0

    @property
    def span(self) -> tuple[int, int, str]:
        """As `metrics.spans` counts it."""
        return self.start, self.end, self.label


Entities = tuple[Found, ...]


class EntityTask(NameMarks):
    """A task whose predictions are the entities of a text; how they are learned and read is the task's own."""

    together: ClassVar[bool] = False

    unit: UnitKind = "word"
    measure: Literal["f1", "macro_f1"] = "f1"  # strict; EBM PICO is macro_f1 over words

    @property
    def main_measure(self) -> str:
        """The option `measure`."""
        return self.measure

    @property
    def added_tokens(self) -> tuple[str, ...]:
        """None."""
        return ()

    def labels_of(self, rows: Sequence[Any]) -> list[str]:
        """The labels of the entities. Raises: MedencError when there is no entity."""
        found = entity_labels(self._annotated(rows))
        if not found:
            raise MedencError("no training row has an entity", where="data")
        return found

    def gold(self, row: Annotated) -> Entities:
        """The row's own entities."""
        return gold_entities(row)

    def score(
        self,
        rows: Sequence[Annotated],
        predictions: Sequence[Entities],
        labels: Sequence[str],  # noqa: ARG002 - part of the contract
    ) -> dict[str, float]:
        """Strict `f1`, `precision`, `recall`, `macro_f1`, and `nested_recall` where entities overlap."""
        return entity_scores(rows, predictions)

    def right(self, row: Annotated, prediction: Entities) -> bool:
        """Whether the entities are the row's, all of them and no other."""
        return {entity.span for entity in prediction} == row.spans

    def sure(self, prediction: Entities) -> float:
        """The least sure of the entities decides; 1 for none."""
        return min((entity.score for entity in prediction), default=1.0)

    def by_label(
        self, rows: Sequence[Annotated], predictions: Sequence[Entities], labels: Sequence[str]
    ) -> dict[str, Counts]:
        """Strict counts of each label's entities."""
        return spans.by_label([row.spans for row in rows], [{e.span for e in own} for own in predictions], labels)

    def baseline(self, train: Sequence[Annotated], rows: Sequence[Annotated]) -> tuple[str, list[Entities]]:
        """The names of the training rows, wherever they occur."""
        return "dictionary of the training entities", dictionary_match(train, rows)

    def to_json(self, prediction: Entities) -> dict[str, Any]:
        """`{"entities": [...]}`."""
        return entities_json(prediction)

    def row(self, id_: str, value: str | Mapping[str, Any]) -> Annotated:
        """A text, or `{"text"}`."""
        return Annotated(id_, fields(id_, value, ("text",))["text"])

    def probes(self, texts: Sequence[str]) -> list[str | dict[str, Any]]:
        """Every text."""
        return list(texts)

    def _noted(self, rows: Sequence[Annotated]) -> list[Noted]:
        return [Noted(row.text, sorted(row.spans)) for row in rows]

    def _annotated(self, rows: Sequence[Any]) -> list[Annotated]:
        return records(rows, Annotated, type(self).__module__.rpartition(".")[2])


def gold_entities(row: Annotated) -> Entities:
    """The row's own entities, in order."""
    spans_ = sorted(row.spans)
    return tuple(Found(start, end, label, row.text[start:end]) for start, end, label in spans_)


def entity_labels(rows: Iterable[Annotated]) -> list[str]:
    """The labels that occur, sorted."""
    return sorted({entity.label for row in rows for entity in row.entities})


def entity_scores(rows: Sequence[Annotated], predictions: Sequence[Entities]) -> dict[str, float]:
    """Strict `f1`, `precision` and `recall` pooled over the rows, `macro_f1` over labels; `nested_recall` if any."""
    gold = [row.spans for row in rows]
    found = [{entity.span for entity in own} for own in predictions]
    counts = spans.strict(gold, found)
    scores = {"f1": counts.f1, "precision": counts.precision, "recall": counts.recall}
    if any(gold) or any(found):
        scores["macro_f1"] = spans.macro_f1(gold, found)
    nested = spans.nested_recall(gold, found)
    return scores if nested is None else scores | {"nested_recall": nested}


def entities_json(entities: Entities) -> dict[str, Any]:
    """`{"entities": [{"start", "end", "label", "text", "score"}]}`."""
    return {
        "entities": [
            {"start": e.start, "end": e.end, "label": e.label, "text": e.text, "score": round(e.score, 6)}
            for e in entities
        ]
    }


def dictionary_match(train: Sequence[Annotated], rows: Sequence[Annotated]) -> list[Entities]:
    """The names that training rows annotate, wherever they occur as words: the longest first, no overlaps."""
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for row in train:
        for entity in row.entities:
            names[row.text[entity.start : entity.end]][entity.label] += 1
    gazetteer = Gazetteer({name: min(own, key=lambda label: (-own[label], label)) for name, own in names.items()})
    return [
        tuple(Found(start, end, label, row.text[start:end]) for start, end, label in gazetteer.find(row.text))
        for row in rows
    ]
