"""Train a task's model under several seeds and measure each: what a single run says of a method is little."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self, cast

import numpy as np
from pydantic import Field, field_validator, model_validator

from medenc.core import processes
from medenc.core.artifact import Draft, fingerprint, input_content, is_current, writing
from medenc.core.errors import MedencError
from medenc.core.files import write_bytes
from medenc.core.options import Options
from medenc.core.plugins import Plugin, build
from medenc.data.mixing import Source, read_sources
from medenc.evaluation.prediction_files import write_predictions
from medenc.evaluation.resampling import difference, interval
from medenc.evaluation.tasks import BASELINE, MODEL, ROUNDS, Measured, measure, pooled
from medenc.metrics.significance import mean_interval
from medenc.runtime.predictor import Predictor
from medenc.steps.train import Train


class Folds(Options):
    """Parts of the rows that are held out in turn; rows that agree in the field `by` stay together."""

    n: int = Field(ge=2)
    by: str = "id"


class Run(NamedTuple):
    """A model to be trained and measured."""

    name: str
    train: Train
    data: list[Source]


class Seeds(Plugin):
    """One model a seed in `seed-0`, `seed-1`, …, and the mean of their scores with two intervals.

    Student's over the seeds says how much the luck of training matters, the bootstrap's over the rows (`items`) how
    much the choice of test rows does.

    With `folds` the rows of `data` are cross-validated: for every seed as many models, in `seed-0-fold-0`, …, each
    answering the rows that it has not learned from; scores are of all answers together.

    A model that is finished is not trained again when the step was interrupted.
    """

    kind: ClassVar[str] = "models"
    version: ClassVar[int] = 2

    seeds: tuple[int, ...] = Field(default=(0, 1, 2), min_length=1)
    train: dict[str, Any]  # the options of the step `train`, without a seed
    data: list[Source] = Field(min_length=1)  # what the models are measured on
    folds: Folds | None = None  # what the models are measured on is learned from, too, and `train.data` is more
    rounds: int = Field(default=ROUNDS, ge=1)  # samples of the bootstrap over rows

    def run(self, draft: Draft) -> None:
        """Fill `draft.folder` with the models and their predictions, `draft.numbers` with the scores."""
        if processes.count() > 1:
            raise MedencError("seeds are trained by one process", where="seeds", hint="run it without torchrun")
        _, read = read_sources(self.data, "data")
        beside = draft.target.with_name(f"{draft.target.name}.seeds")
        found = {}
        for seed in self.seeds:
            parts = [self._measured(run, beside / run.name) for run in self._runs(seed)]
            found[seed] = pooled(parts, self.rounds)
        for seed, measured in found.items():
            for run in self._runs(seed):
                (beside / run.name).rename(draft.folder / run.name)
            write_predictions(draft.folder, measured.task, measured.rows, measured.predictions, f"seed-{seed}.jsonl")
        draft.numbers |= summary(found) | {"read": read}
        write_bytes(draft.folder / "table.md", table(draft.numbers).encode())
        shutil.rmtree(beside)  # curves and locks

    def paths(self) -> Iterator[Path]:
        """Also what the training reads."""
        yield from super().paths()
        for run in self._runs(self.seeds[0]):
            yield from run.train.paths()

    def smoke(self) -> Self:
        """Two seeds of the shrunk training, two parts, few samples."""
        train = next(self._runs(0)).train.smoke().model_dump(mode="json")
        train["fit"].pop("seed")
        train["data"] = self.train.get("data", [])
        folds = self.folds and self.folds.model_copy(update={"n": 2})
        return self.model_copy(update={"seeds": self.seeds[:2], "train": train, "rounds": 20, "folds": folds})

    @field_validator("seeds")
    @classmethod
    def _different(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("a seed stands twice")
        return seeds

    @model_validator(mode="after")
    def _known(self) -> Self:
        """Mistakes in the training are found before anything runs."""
        if "seed" in self.train.get("fit", {}):
            raise MedencError("the seeds are given once, by `seeds`", where="train.fit.seed")
        list(self._runs(self.seeds[0]))
        return self

    def _runs(self, seed: int) -> Iterator[Run]:
        """The models of a seed, and what each is measured on."""
        if self.folds is None:
            yield Run(f"seed-{seed}", self._step(seed, []), self.data)
            return
        for number in range(self.folds.n):
            learned, held_out = (
                [self._part(source, side, number, self.folds) for source in self.data] for side in ("train", "held_out")
            )
            yield Run(f"seed-{seed}-fold-{number}", self._step(seed, learned), held_out)

    def _part(self, source: Source, side: str, number: int, folds: Folds) -> Source:
        part = {"use": "fold", "side": side, "number": number, "folds": folds.n, "by": folds.by}
        return source.model_copy(update={"transforms": [*source.transforms, part]})

    def _step(self, seed: int, more: Sequence[Source]) -> Train:
        fit = {**self.train.get("fit", {}), "seed": seed}
        data = [*self.train.get("data", []), *(source.model_dump(mode="json") for source in more)]
        return cast(Train, build("step", {"use": "train", **self.train, "data": data, "fit": fit}, "train"))

    def _measured(self, run: Run, path: Path) -> Measured:
        """Train the model, unless it is there, and let it answer."""
        rows, _ = read_sources(run.data, "data")
        learned, _ = read_sources(run.train.data, "train.data")
        if self.folds:
            _check_apart(rows, learned)
        _train(run.train, path)
        predictor = Predictor.open(path)
        answered = predictor.predict_rows(rows, on_overflow="truncate")  # counted
        return measure(
            ", ".join(source.path.name for source in run.data),
            predictor.task,
            predictor.labels,
            rows,
            answered.predictions,
            learned,
            rounds=1 if self.folds else self.rounds,  # drawn once, from all parts together
            reading=answered.counts,
        )


def _check_apart(rows: Sequence[Any], learned: Sequence[Any]) -> None:
    """Raise when rows that belong together stand on both sides: parts are made of each source by itself."""
    both = _groups(rows) & _groups(learned)
    if both:
        raise MedencError(
            f"{len(both)} groups of rows are both learned from and held out, one of them '{min(both)}'",
            where="folds.by",
            hint='by = "group" keeps the rows of a group together; what several sources share has to be one source',
        )


def _groups(rows: Sequence[Any]) -> set[str]:
    return {group for row in rows if (group := getattr(row, "group", ""))}


def _train(step: Train, path: Path) -> None:
    options = step.model_dump(mode="json")
    inputs = {str(place): input_content(place) for place in step.paths()}
    if is_current(path, fingerprint(step.kind, options, inputs, step.version)):
        return
    with writing(path, step.kind, options=options, inputs=inputs, version=step.version) as draft:
        step.run(draft)


def summary(found: Mapping[int, Measured]) -> dict[str, Any]:
    """Means over the seeds with their intervals, and what they are made of."""
    runs = {seed: measured.scores[MODEL] for seed, measured in found.items()}
    any_ = next(iter(found.values()))
    values = {name: [scores[name] for scores in runs.values()] for name in next(iter(runs.values()))}
    bounds = {name: mean_interval(own) for name, own in values.items()}
    # The same rows are drawn for every seed, so that the mean of a round's scores is that of one sample.
    drawn = {
        name: np.mean([measured.samples[MODEL][name] for measured in found.values()], axis=0)
        for name in set.intersection(*(set(measured.samples[MODEL]) for measured in found.values()))
    }
    return {
        "data": any_.data,
        "n_queries": len(any_.units[0]),
        "main": any_.task.main_measure,
        "scores": {MODEL: {name: float(np.mean(own)) for name, own in values.items()}}
        | {BASELINE: any_.scores[BASELINE]},
        "intervals": {MODEL: {name: list(own) for name, own in bounds.items() if own}, BASELINE: {}},
        "items": {
            MODEL: {name: interval(own) for name, own in sorted(drawn.items())},
            BASELINE: any_.intervals[BASELINE],
        },
        "tests": [_test(float(np.mean(values[any_.task.main_measure])), drawn, any_)],
        "baseline": any_.baseline,
        "reading": any_.reading,
        "seeds": {str(seed): scores for seed, scores in runs.items()},
    }


def _test(mean: float, drawn: Mapping[str, np.ndarray], any_: Measured) -> dict[str, Any]:
    """The mean over the seeds beside the trivial way, on the main measure."""
    main = any_.task.main_measure
    bounds, p = difference(drawn[main], any_.samples[BASELINE][main])
    apart = mean - any_.scores[BASELINE][main]
    return {"a": MODEL, "b": BASELINE, "measure": main, "difference": apart, "interval": bounds, "p": p}


def table(numbers: Mapping[str, Any]) -> str:
    """The scores as Markdown: a line a seed, the mean, and the trivial way."""
    names = list(numbers["scores"][MODEL])
    bounds = numbers["intervals"][MODEL]
    mean = [
        f"{numbers['scores'][MODEL][name]:.4f}" + (f" [{bounds[name][0]:.4f}, {bounds[name][1]:.4f}]" if bounds else "")
        for name in names
    ]
    lines = [["", *names], ["---"] * (len(names) + 1)]
    lines += [[f"seed {seed}", *(f"{own[name]:.4f}" for name in names)] for seed, own in numbers["seeds"].items()]
    lines += [["mean", *mean]]
    lines += [[numbers["baseline"], *(f"{numbers['scores'][BASELINE].get(name, 0):.4f}" for name in names)]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
