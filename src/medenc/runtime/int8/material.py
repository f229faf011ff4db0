"""Texts that show a graph its ranges, and other texts by which it is judged."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Generic, TypeVar

from medenc.core.errors import MedencError
from medenc.data.reading import Rejects, json_object, lines, records
from medenc.data.records import Passage, Query
from medenc.data.retrieval import RetrievalData, load_beir
from medenc.decoding.contract import Task

SAMPLE = "the bundled sample"
CALIBRATION = 300  # texts: what NNCF takes by default, too
HELD_OUT = 2000  # texts: more would take long to encode twice, and say no more
LEAST = 30
Held = TypeVar("Held", RetrievalData, Sequence[Any])


@dataclass(frozen=True)
class Material(Generic[Held]):
    """Inputs of one model: texts for one that embeds, rows for one that answers a task."""

    source: str
    calibration: Sequence[Any]
    held_out: Held
    judged: int  # of how many held-out inputs, the first ones, it is known what is right

    @property
    def facts(self) -> dict[str, Any]:
        """What the report says of it."""
        return {"texts": self.source, "calibrated_on": len(self.calibration), "judged": self.judged}


def for_rankings(texts: Path | None = None, judged: RetrievalData | None = None) -> Material[RetrievalData]:
    """Texts for a model that embeds.

    Args:
        texts: a file with a text a line, or JSON lines with `text`; None takes the bundled sample.
        judged: queries with judged passages to rank; None takes the texts that are not calibrated on.
    """
    if texts is None:
        return _sample(judged)
    calibration, rest = _split(_texts(texts), texts)
    return Material(texts.name, calibration, judged or _unjudged(rest, texts), _known(judged))


def for_decisions(
    task: Task, texts: Path | None = None, judged: Sequence[Any] | None = None
) -> Material[Sequence[Any]]:
    """Rows for a model that answers a task.

    Args:
        texts: a text a line, or JSON lines of inputs as `medenc predict` reads them; None takes the bundled sample.
        judged: labelled rows to decide on before the inputs that are not calibrated on.
    """
    inputs = _inputs(texts) if texts else [one for block in _blocks() for one in task.probes(block)]
    calibration, rest = _split([task.row(str(place), one) for place, one in enumerate(inputs)], texts)
    return Material(texts.name if texts else SAMPLE, calibration, [*(judged or ()), *rest], len(judged or ()))


def _sample(judged: RetrievalData | None) -> Material[RetrievalData]:
    """A quarter of the sample's passages and its training queries; all other passages and test queries."""
    found = load_beir(Path(str(files("medenc") / "sample")), "test")
    seen = found.passages[::4]
    rest = [passage for place, passage in enumerate(found.passages) if place % 4]
    learned = load_beir(found.path, "train").queries
    calibration = [passage.content for passage in seen] + [query.text for query in learned[::2]]
    held_out = judged or RetrievalData(rest, found.queries, {}, found.path)
    return Material(SAMPLE, calibration, held_out, _known(judged))


def _blocks() -> list[list[str]]:
    """The sample's passages by eight, of which every task makes inputs."""
    texts = [passage.content for passage in load_beir(Path(str(files("medenc") / "sample")), "test").passages]
    return [texts[place : place + 8] for place in range(0, len(texts), 8)]


def _unjudged(texts: Sequence[str], path: Path) -> RetrievalData:
    """Every text asks for the others."""
    passages = [Passage(str(place), text) for place, text in enumerate(texts)]
    return RetrievalData(passages, [Query(passage.id, passage.text) for passage in passages], {}, path)


def _known(judged: RetrievalData | None) -> int:
    return len(judged.queries) if judged else 0


def _split(rows: Sequence[Any], path: Path | None) -> tuple[list[Any], list[Any]]:
    """A third at most to calibrate on, the rest to judge by, drawn alike every time."""
    if len(rows) < LEAST:
        raise MedencError(f"expected at least {LEAST} texts, found {len(rows)}", where=path or SAMPLE)
    drawn = random.Random(0).sample(list(rows), len(rows))
    cut = min(CALIBRATION, len(drawn) // 3)
    return drawn[:cut], drawn[cut : cut + HELD_OUT]


def _texts(path: Path) -> list[str]:
    """Texts of a file, each once."""
    found = [one["text"] if isinstance(one, dict) and "text" in one else one for one in _inputs(path)]
    if any(not isinstance(one, str) for one in found):
        raise MedencError("expected 'text' in every line", where=path)
    return list(dict.fromkeys(found))


def _inputs(path: Path) -> list[Any]:
    """The lines of a file that are not empty: texts, or objects where it is JSON lines."""
    if not path.is_file():
        raise MedencError("no such file", where=path)
    rejects = Rejects(max_ratio=0)
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        found = list(records(path, rejects, lambda line: [json_object(line)]))
        rejects.finish()
        return found
    return [line for _, line in lines(path, rejects) if line.strip()]
