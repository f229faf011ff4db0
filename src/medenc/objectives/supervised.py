"""Supervised: the training loop sees a task as an objective."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from pydantic import Field, PrivateAttr, field_validator

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin, build
from medenc.decoding.contract import Arrays, Feature, Learned, Marking, Task
from medenc.decoding.folder import write_probes, write_task
from medenc.decoding.predicting import Answering, Run

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerFast

    from medenc.models.encoder import Encoder, Model
    from medenc.models.head import HeadModule

SEQUENCE = ("input_ids", "attention_mask", "token_type_ids")


@dataclass(frozen=True, slots=True)
class Unit:
    """Features that are learned from together: one, or all of a row where the task says so."""

    id: str
    features: tuple[Feature, ...]

    @property
    def tokens(self) -> int:
        """What it costs in a padded batch."""
        return len(self.features) * max(feature.tokens for feature in self.features)


class Supervised(Plugin):
    """A task's own losses on labelled rows; its labels are those of the training rows unless they are given."""

    task: dict[str, Any]  # {use = "classification", …}
    labels: tuple[str, ...] | None = None
    word_dropout: float = Field(default=0.0, ge=0, lt=1)  # share of tokens that a training batch hides

    _task: Task = PrivateAttr()
    _labels: list[str] = PrivateAttr(default_factory=list)  # known once the training rows are
    _vocabulary: int = PrivateAttr(default=0)
    _added: list[int] = PrivateAttr(default_factory=list)  # the numbers of the task's own tokens
    _dev: list[Any] = PrivateAttr(default_factory=list)  # what `measure` was given

    @field_validator("task")
    @classmethod
    def _known(cls, task: dict[str, Any]) -> dict[str, Any]:
        """Mistakes in it are found before anything runs."""
        built = build("task", task, "objective.task")
        if isinstance(built, Learned) and (given := built.own_words & task.keys()):
            raise ValueError(f"{min(given)} is filled by training: leave it out")
        return task

    def model_post_init(self, _: Any) -> None:
        """Build the task."""
        self._task = self._given()

    def paths(self) -> Iterator[Path]:
        """What the task reads."""
        yield from cast(Plugin, self._task).paths()

    def prepare(
        self, records: Iterable[Any], tokenizer: PreTrainedTokenizerFast, max_tokens: int
    ) -> tuple[list[Unit], dict[str, Any]]:
        """Sequences with what is to be learned from them; the tokenizer learns the task's own tokens."""
        rows = list(records)
        tokenizer.add_tokens([token for token in self._task.added_tokens if token not in tokenizer.get_vocab()], True)
        if self.word_dropout and tokenizer.unk_token_id is None:
            raise MedencError("the tokenizer has no token for what it does not know", where="objective.word_dropout")
        self._vocabulary = len(tokenizer)
        self._added = [tokenizer.convert_tokens_to_ids(token) for token in self._task.added_tokens]
        self._labels = sorted(self.labels) if self.labels else self._task.labels_of(rows)
        if isinstance(self._task, Learned):
            self._task = cast(Task, self._task.learned(rows))
        backend = tokenizer.backend_tokenizer
        features, counts = self._task.features(rows, backend, self._labels, max_tokens, learn=True)
        units = [Unit(feature.id, (feature,)) for feature in features]
        if self._task.together:
            own = (tuple(group) for _, group in groupby(features, key=lambda feature: feature.row))
            units = [Unit(group[0].id, group) for group in own]
        kept = self._task.own_words if isinstance(self._task, Learned) else frozenset[str]()
        learned = {name: len(getattr(self._task, name)) for name in kept}
        return units, {"rows": len(rows), "labels": len(self._labels), **learned, **counts}

    def heads(self, model: Model) -> HeadModule:
        """The task's head; the encoder gets vectors for the task's own tokens."""
        from medenc.models.head import Head
        from medenc.models.vocabulary import more_segments

        encoder = _encoder(model)
        if self._vocabulary > encoder.backbone.config.vocab_size:
            encoder.backbone.resize_token_embeddings(self._vocabulary, mean_resizing=False)
        if isinstance(self._task, Marking):
            more_segments(encoder, self._task.segments(self._labels), self.heads_name)
        head = cast(Head, build("head", self._task.head_options(self._labels), "objective.task.head"))
        module = head.build(model.dimension)
        if (added := dict(module.named_buffers()).get("added")) is not None:
            added.copy_(added.new_tensor(self._added))
        return module

    @property
    def heads_name(self) -> str:
        """By which a later run knows whether the head that it finds answers the same question."""
        return f"supervised {self.task['use']}: {', '.join(self._labels)}"

    def collate(
        self,
        rows: Sequence[Unit],
        tokenizer: PreTrainedTokenizerFast,
        rng: np.random.Generator,
    ) -> Arrays:
        """One padded batch of all features; `unit` says which of them belong together.

        With `word_dropout` that share of the tokens of texts reads as unknown, so that few rows are not learned by
        heart. Source: Iyyer et al., ACL 2015; drawn for each token here, for each word there.
        """
        features = [feature for row in rows for feature in row.features]
        unit = np.repeat(np.arange(len(rows)), [len(row.features) for row in rows])
        arrays = self._task.collate(features, tokenizer.pad_token_id)
        if self.word_dropout:
            special = np.isin(arrays["input_ids"], [*tokenizer.all_special_ids, *self._added])
            hidden = (rng.random(special.shape) < self.word_dropout) & ~special
            arrays["input_ids"] = np.where(hidden, tokenizer.unk_token_id, arrays["input_ids"])
        return {**arrays, "unit": unit}

    def losses(self, model: Model, heads: HeadModule, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """This process's part of the losses of the head."""
        from medenc.models.head import encode

        part = _share(batch["unit"])
        own = {name: array[part] for name, array in batch.items()}
        encoded = encode(_encoder(model), *(own[name] for name in SEQUENCE), layers=heads.needs_layers)
        return heads.losses(encoded, _gold(own), _gold(batch))

    def measure(
        self, records: Iterable[Any], tokenizer: PreTrainedTokenizerFast, model: Model, heads: HeadModule
    ) -> Callable[[], Mapping[str, float]]:
        """Scores the model as it is on labelled rows, the main measure first."""
        rows = self._dev = list(records)
        answering = self._answering(tokenizer, model)

        def scores() -> dict[str, float]:
            predictions = answering.predict(rows, _runner(model, heads)).predictions
            found = self._task.score(rows, predictions, self._labels)
            main = self._task.main_measure
            return {main: found[main]} | found

        return scores

    def write(
        self, folder: Path, model: Model, heads: HeadModule, tokenizer: PreTrainedTokenizerFast
    ) -> dict[str, Any]:
        """Write what makes a model folder a task's: `task.json`, and probes with the decisions on them.

        Thresholds that are tuned are those of the development rows. Returns: what the manifest says of it.
        """
        from medenc.models.probes import TEXTS

        heads.eval()
        _encoder(model).eval()
        run = _runner(model, heads)
        answering = self._answering(tokenizer, model).tuned(self._dev, run)
        written = write_task(folder, self.task | _changes(self._given(), answering.task), self._labels)
        write_probes(folder, self._task.probes(TEXTS), answering, run)
        hidden = self._task.own_words if isinstance(self._task, Learned) else ()
        return {"task": {name: value for name, value in written.items() if name not in hidden}}

    def _given(self) -> Task:
        """The task as the options have it."""
        return cast(Task, build("task", self.task, "objective.task"))

    def _answering(self, tokenizer: PreTrainedTokenizerFast, model: Model) -> Answering:
        limit = model.contract.max_tokens
        return Answering(self._task, self._labels, tokenizer.backend_tokenizer, limit, tokenizer.pad_token_id)


def _changes(before: Any, after: Any) -> dict[str, Any]:
    """The options in which two tasks differ."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return {name: value for name, value in new.items() if value != old[name]}


def _encoder(model: Model) -> Encoder:
    from medenc.models.encoder import Encoder

    if not isinstance(model, Encoder):
        raise MedencError("a task is trained on one encoder", where="towers", hint="set towers = false")
    return model


def _runner(model: Model, heads: HeadModule) -> Run:
    """Runs batches under torch, on the model's device."""
    import torch

    from medenc.models.head import outputs

    encoder = _encoder(model)
    device = next(encoder.parameters()).device

    def run(batches: Iterable[Arrays]) -> Iterator[Arrays]:
        for arrays in batches:
            with torch.inference_mode():
                tensors = [torch.from_numpy(arrays[name]).to(device) for name in SEQUENCE]
                found = outputs(encoder, heads, *tensors)
            yield {name: _numpy(value) for name, value in found.items()}

    return run


def _numpy(value: Tensor) -> np.ndarray:
    found: np.ndarray = (value.float() if value.is_floating_point() else value).cpu().numpy()
    return found


def _share(unit: Tensor) -> slice:
    """The sequences of this process: those of its share of the units."""
    from medenc.models.parallel import share

    own = share(int(unit[-1]) + 1)
    mine = ((unit >= own.start) & (unit < own.stop)).nonzero()
    return slice(int(mine[0]), int(mine[-1]) + 1) if len(mine) else slice(0, 0)


def _gold(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: array for name, array in batch.items() if name not in SEQUENCE}
