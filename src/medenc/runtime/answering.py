"""A task's model folder ready to run under a backend; no torch unless the backend is torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np

from medenc.core.errors import MedencError
from medenc.core.files import read_json
from medenc.decoding.contract import Arrays
from medenc.decoding.folder import read_task
from medenc.decoding.predicting import Answering, Run
from medenc.runtime.session import Precision, Session, open_session
from medenc.runtime.tokens import read_tokenizer


def open_answering(
    folder: Path,
    max_tokens: int,
    backend: str | None = None,
    threads: int | None = None,
    precision: Precision | None = None,
) -> tuple[Answering, Run]:
    """The task of a model folder, and what runs its batches."""
    task, labels = read_task(folder)
    tokenizer = read_tokenizer(folder)
    pad_id = int(read_json(folder / "config.json").get("pad_token_id") or 0)
    session = open_session(folder, backend, threads, precision=precision)
    return Answering(task, labels, tokenizer, max_tokens, pad_id), _runner(session, folder)


def _runner(session: Session, folder: Path) -> Run:
    """Batches through a session; what it does not ask for (gold arrays, unused segments) is left out."""

    def run(batches: Iterable[Arrays]) -> Iterator[Arrays]:
        wanted = ({name: array[name] for name in session.inputs} for array in batches)
        first = list(islice(wanted, 2))
        answers = session.run_all(chain(first, wanted)) if len(first) > 1 else map(session.run, first)
        for outputs in answers:
            if not all(np.isfinite(values).all() for values in outputs.values()):
                raise MedencError("the model gave numbers that are not finite", where=folder, hint="medenc verify")
            yield outputs

    return run
