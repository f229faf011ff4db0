"""Train an encoder with an objective, from a named size or from a checkpoint, into a complete model folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, cast

from pydantic import Field, field_validator

from medenc.core.artifact import MANIFEST, Draft, input_content
from medenc.core.errors import MedencError
from medenc.core.files import digest, read_json
from medenc.core.options import Options
from medenc.core.plugins import Plugin, build
from medenc.data.mixing import Source, read_sources
from medenc.data.prompts import prompted
from medenc.evaluation.trained import FACT as TRAINED_ON
from medenc.train.options import FitOptions


class Fresh(Options):
    """An encoder from nothing: a BERT of a named size."""

    size: Literal["tiny", "mini", "small", "base", "large"]


class Shape(Options):
    """How tokens become vectors; what is left out is inherited from the start, or is the default."""

    pooling: Literal["cls", "mean", "pooler"] | None = None
    normalize: bool | None = None
    similarity: Literal["cosine", "dot", "l2"] | None = None
    max_tokens: int | None = Field(default=None, ge=4)
    prompts: dict[Literal["query", "passage"], str] | None = None
    languages: list[str] | None = None

    def given(self) -> dict[str, Any]:
        """The fields that somebody set."""
        return self.model_dump(exclude_none=True)


@dataclass(frozen=True)
class Fitted:
    """What a training leaves; `store` has its checkpoints and its journal."""

    model: Any
    tokenizer: Any
    objective: Any
    heads: Any
    numbers: dict[str, Any]
    store: Any


class Train(Plugin):
    """The loop of `train/` around an objective; a killed run goes on by itself when it is started again."""

    kind: ClassVar[str] = "model"
    version: ClassVar[int] = 1

    start: Path | Fresh  # a model or checkpoint folder, or {size = "tiny"}
    tokenizer: Path | None = None  # of the start by default
    new_words: bool = False  # the tokenizer may have other pieces than the start: they begin as what it made of them
    encoder: Shape = Shape()
    towers: bool = False  # queries and passages get an encoder of their own
    dropout: float | None = Field(default=None, ge=0, lt=1)  # the start's own by default; 0 for a fresh encoder
    objective: dict[str, Any]
    data: list[Source] = Field(min_length=1)
    dev: list[Source] = []  # to measure on while training: the best weights are kept, see `fit`
    fit: FitOptions = FitOptions()
    backend: Literal["openvino", "onnx", "none"] = "openvino"  # also written into the folder

    def run(self, draft: Draft) -> None:
        """Read, train, save, export."""
        from medenc.models.folder import write_heads, write_model
        from medenc.runtime.export import add_backend
        from medenc.train.journal import LINES

        done = self._fitted(draft.target)
        leading = list(getattr(done.objective, "dimensions", ()))  # whose vectors were trained, too
        draft.facts["model"] = write_model(done.model, done.tokenizer, draft.folder) | {"dimensions": leading}
        draft.facts[TRAINED_ON] = self._trained_on()
        if done.heads is not None:
            write_heads(done.heads, draft.folder)
            draft.facts["heads"] = _heads_name(done.objective, self.objective)
        if hasattr(done.objective, "write"):  # a task's model has more in its folder
            draft.facts |= done.objective.write(draft.folder, done.model, done.heads, done.tokenizer)
        shutil.copy(done.store.folder / LINES, draft.folder / LINES)
        if self.backend != "none":
            draft.facts["exports"] = {self.backend: add_backend(draft.folder, self.backend)}
        draft.numbers |= done.numbers
        done.store.remove()

    def assist(self, target: Path) -> None:
        """Take part in the training of the process that writes to `target`."""
        self._fitted(target)

    def _fitted(self, target: Path) -> Fitted:
        """Read and train; of several processes each comes to the same."""
        from medenc.train.loop import Training
        from medenc.train.objective import Objective
        from medenc.train.start import begin, begin_heads

        objective = cast(Objective, build("objective", self.objective, "objective"))
        start = self.start.size if isinstance(self.start, Fresh) else self.start
        model, tokenizer, change = begin(
            start,
            self.tokenizer,
            self.encoder.given(),
            towers=self.towers,
            dropout=self.dropout,
            seed=self.fit.seed,
            new_words=self.new_words,
        )
        records, read = read_sources(self.data, "data")
        rows, counts = objective.prepare(
            prompted(records, model.contract.prompts), tokenizer, model.contract.max_tokens
        )
        size = _size(model)
        heads = objective.heads(model)
        if self.fit.frozen and _size(model) != size:
            raise MedencError(
                "the task gives the encoder vectors for its marks or tokens, which a frozen encoder does not learn",
                where="fit.frozen",
                hint="leave frozen or the marks out, or start from a model that has learned them",
            )
        known = begin_heads(heads, start, _heads_name(objective, self.objective), change)
        state, curves = (target.with_name(f"{target.name}.{part}") for part in ("checkpoints", "curves"))
        training = Training(
            model,
            heads,
            objective,
            rows,
            tokenizer,
            self.fit,
            checkpoints=state,
            curves=curves,
            measure=self._measure(objective, model, heads, tokenizer),
            dev=self._dev_digest(),
        )
        fitted = training.run()
        training.close()
        numbers = {"read": read, "data": counts, "heads": known, "fit": fitted}
        return Fitted(model, tokenizer, objective, heads, numbers, training.store)

    def smoke(self) -> Self:
        """Two steps of the smallest encoder."""
        start = Fresh(size="tiny") if isinstance(self.start, Fresh) else self.start
        small = {"max_steps": 2, "per_device_batch_size": 4, "gradient_accumulation_steps": 1}
        return self.model_copy(update={"fit": self.fit.model_copy(update=small), "start": start})

    def paths(self) -> Iterator[Path]:
        """Also what the objective reads."""
        yield from super().paths()
        yield from build("objective", self.objective, "objective").paths()

    @field_validator("objective")
    @classmethod
    def _known(cls, objective: dict[str, Any]) -> dict[str, Any]:
        """Mistakes in it are found before anything runs."""
        build("objective", objective, "objective")
        return objective

    def _trained_on(self) -> list[dict[str, Any]]:
        """The sources of all stages, the start's first; evaluation looks for leaks in them."""
        earlier = self.start / MANIFEST if isinstance(self.start, Path) else None
        before = read_json(earlier).get(TRAINED_ON, []) if earlier and earlier.is_file() else []
        own = [source.model_dump(mode="json") | {"path": str(source.path.resolve())} for source in self.data]
        return [*before, *own]

    def _dev_digest(self) -> str | None:
        """Names the development data."""
        made_of = [
            (source.model_dump(mode="json"), {str(path): input_content(path) for path in source.paths()})
            for source in self.dev
        ]
        return digest(made_of) if made_of else None

    def _measure(
        self, objective: Any, model: Any, heads: Any, tokenizer: Any
    ) -> Callable[[], Mapping[str, float]] | None:
        """Scores the model as it is, on the development data."""
        if not self.dev:
            return None
        if not hasattr(objective, "measure"):
            raise MedencError("this objective measures nothing on development data", where="dev", hint="leave dev out")
        records, _ = read_sources(self.dev, "dev")
        return cast(Callable[[], Mapping[str, float]], objective.measure(records, tokenizer, model, heads))


def _heads_name(objective: Any, options: Mapping[str, Any]) -> str:
    """By which a later run knows whether the heads that it finds are of its objective."""
    return str(getattr(objective, "heads_name", options["use"]))


def _size(model: Any) -> int:
    return sum(parameter.numel() for parameter in model.parameters())
