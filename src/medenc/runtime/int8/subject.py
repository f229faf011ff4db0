"""What is tried in int8: an encoder or a task's model, with what calibrates it and who judges it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from medenc.core.errors import MedencError
from medenc.data.retrieval import RetrievalData
from medenc.decoding.folder import is_task, read_task
from medenc.runtime.answering import open_answering
from medenc.runtime.folder import ModelFolder
from medenc.runtime.int8.judged import Judged
from medenc.runtime.int8.judging import Decisions, Encoding, Judge, Rankings
from medenc.runtime.int8.material import for_decisions, for_rankings
from medenc.runtime.session import EMBEDDING, Arrays, open_session
from medenc.runtime.tower import Tower
from medenc.text.tokens import batches


@dataclass(frozen=True)
class Subject:
    """A model on trial."""

    inputs: dict[Path, list[Arrays]]  # for each tower, what shows the ranges of its activations, one by one
    batches: dict[Path, list[Arrays]]  # the same as the runtime puts them together
    outputs: tuple[str, ...]  # that the runtime asks for; () is all
    judge: Judge
    facts: dict[str, Any]  # where the texts come from


def subject(model: ModelFolder, backend: str, texts: Path | None, judged: Judged | None) -> Subject:
    """The model of a folder that has a float32 graph of `backend`; see `export_int8` for the rest."""
    answers = is_task(model.path)
    if judged is not None and answers == isinstance(judged, RetrievalData):
        raise MedencError("expected labelled rows for a task's model, judged queries for one that embeds", where=texts)
    return (_answering if answers else _embedding)(model, backend, texts, judged)


def _embedding(model: ModelFolder, backend: str, texts: Path | None, judged: Any) -> Subject:
    facts, material = model.facts, for_rankings(texts, judged)
    inputs, together = {}, {}
    for path in dict.fromkeys(model.towers.values()):
        tower = Tower(path, facts.max_tokens, backend, precision="fp32")
        ids = tower.tokenizer.tokenize(_prompted(model, path, material.calibration)).ids
        inputs[path] = [tower.arrays([own]) for own in ids]
        together[path] = [tower.arrays([ids[place] for place in places]) for places in batches([*map(len, ids)])]
    encoding = Encoding(model.towers, facts.prompts, facts.max_tokens, facts.dimension, facts.similarity, backend)
    return Subject(inputs, together, (EMBEDDING,), Rankings(encoding, material.held_out), material.facts)


def _prompted(model: ModelFolder, tower: Path, texts: Sequence[str]) -> list[str]:
    """Texts as a tower reads them: with the prompts of its roles in turn."""
    prompts = [model.facts.prompts.get(role, "") for role, own in model.towers.items() if own == tower]
    return [prompt + text for prompt, text in zip(cycle(prompts), texts, strict=False)]


def _answering(model: ModelFolder, backend: str, texts: Path | None, judged: Any) -> Subject:
    path, limit = model.path, model.facts.max_tokens
    material = for_decisions(read_task(path)[0], texts, judged)
    answering, _ = open_answering(path, limit, backend, precision="fp32")
    wanted = open_session(path, backend, precision="fp32").inputs
    features = answering.features(material.calibration)[0]

    def collated(places: Iterable[int]) -> Arrays:
        batch = answering.task.collate([features[place] for place in places], answering.pad_id)
        return {name: array for name, array in batch.items() if name in wanted}

    inputs = [collated([place]) for place in range(len(features))]
    together = [collated(places) for places in batches([feature.tokens for feature in features])]
    judge = Decisions(path, limit, backend, material.held_out, labelled=material.judged)
    return Subject({path: inputs}, {path: together}, (), judge, material.facts)
