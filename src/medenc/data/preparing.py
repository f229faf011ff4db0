"""Raw text to shards: chunk after chunk into a work folder that survives a kill, then whole into its place."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.core.files import digest, new_folder, read_json, write_json
from medenc.core.progress import track
from medenc.data.corpus import CHUNK_CHARACTERS, Chunk, chunks, documents
from medenc.data.duplicates import TAKEN, standing
from medenc.data.packing import pack
from medenc.data.rejects import EXAMPLES, Rejects
from medenc.data.shard_building import Builder, Part, Parts
from medenc.data.workers import ordered

_ACCOUNTS = "part.json"  # written last: a part that has it is complete
_VERSION = 1  # to be raised whenever the same text gives another part


@dataclass(frozen=True)
class Plan:
    """All that a part depends on, beside the text."""

    tokenizer: str  # tokenizer.json as text
    terms: tuple[str, ...]
    morphemes: bool
    link_field: str | None

    @property
    def digest(self) -> str:
        """Tells whether a part was made by this plan."""
        terms = sorted(set(self.terms))
        return digest([_VERSION, self.tokenizer, terms, self.morphemes, self.link_field])


class Accounts(TypedDict):
    """What became of the lines of a chunk."""

    chunk: str
    plan: str
    kept: int
    filtered: dict[str, int]
    reasons: dict[str, int]
    examples: list[str]


@dataclass
class Prepared:
    """All parts of a corpus, and which of their documents are kept."""

    parts: Sequence[Part]
    rejects: Rejects
    stands: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.stands = standing(self.parts)
        self._settle()

    def write(self, folder: Path, room: int, *, across: bool) -> int:
        """Write the shards that hold a kept document; returns how many there are."""
        shards, start = 0, 0
        for part in track(self.parts, "writing", len(self.parts)):
            own = self.stands[start : start + len(part.names)]
            kept = own == np.arange(start, start + len(own))
            start += len(own)
            if kept.any():
                _write_shard(folder / f"{shards:05}", part, kept, room, across=across)
                shards += 1
        return shards

    def _settle(self) -> None:
        """Count copies, and documents whose id is taken, which had been counted as kept."""
        taken = np.flatnonzero(self.stands == TAKEN)
        copies = int((self.stands != np.arange(len(self.stands))).sum()) - len(taken)
        self.rejects.n_kept -= len(taken) + copies
        self.rejects.n_duplicates += copies
        reason = "the id is taken by an earlier document with another content"
        if len(taken):
            self.rejects.reasons[reason] += len(taken)
        room = EXAMPLES - len(self.rejects.examples)
        self.rejects.examples += [f"document '{self._name(number)}': {reason}" for number in taken[:room]]

    def _name(self, number: int) -> str:
        for part in self.parts:
            if number < len(part.names):
                return part.names[int(number)]
            number -= len(part.names)
        raise IndexError(number)


def prepare(
    paths: Sequence[Path], plan: Plan, work: Path, rejects: Rejects, *, workers: int = 1, encoding: str = "utf-8"
) -> Prepared:
    """Make the parts of a corpus in `work`; those that stand there and were made of the same text are left as they are.

    The parts are the same whatever the number of workers. `rejects` then holds the accounts; call its `finish`.
    """
    work.mkdir(parents=True, exist_ok=True)
    jobs = ((number, chunk, work) for number, chunk in enumerate(chunks(paths, rejects, encoding)))
    folders = []
    for folder, accounts in track(ordered(_part, jobs, workers, _start, (plan,)), "preparing", _expected(paths)):
        folders.append(folder)
        rejects.n_kept += accounts["kept"]
        rejects.reasons.update(accounts["reasons"])
        rejects.filters.update(accounts["filtered"])
        rejects.examples += accounts["examples"][: EXAMPLES - len(rejects.examples)]
    if not rejects.n_kept and not rejects.n_bad:
        raise MedencError("no document with text in it", where=paths[0] if len(paths) == 1 else f"{len(paths)} files")
    return Prepared(Parts(folders), rejects)


_state: dict[str, Any] = {}  # of a worker process: what is costly to build and the same for every chunk


def _start(plan: Plan) -> None:
    if _state.get("plan") == plan:
        return
    tokenizer = Tokenizer.from_str(plan.tokenizer)
    _state.update(plan=plan, builder=Builder(tokenizer, plan.terms, morphemes=plan.morphemes))


def _part(job: tuple[int, Chunk, Path]) -> tuple[Path, Accounts]:
    """The folder of a part, made unless it is there, and its accounts."""
    number, chunk, work = job
    folder, plan = work / f"{number:05}", _state["plan"]
    marks = {"chunk": chunk.digest(), "plan": plan.digest}
    if (folder / _ACCOUNTS).exists():
        accounts: Accounts = read_json(folder / _ACCOUNTS)
        if {name: accounts[name] for name in marks} == marks:  # type: ignore[literal-required]
            return folder, accounts
    rejects = Rejects()
    part, empty = _state["builder"].part(documents(chunk, rejects, plan.link_field))
    filtered = rejects.filters + Counter({"no token": empty})
    accounts = Accounts(
        chunk=marks["chunk"],
        plan=marks["plan"],
        kept=len(part.names),
        filtered=dict(filtered),
        reasons=dict(rejects.reasons),
        examples=rejects.examples,
    )
    with new_folder(folder) as draft:
        part.save(draft)
        write_json(draft / _ACCOUNTS, accounts)
    return folder, accounts


def _write_shard(folder: Path, part: Part, kept: np.ndarray, room: int, *, across: bool) -> None:
    arrays, names = part.select(kept)
    arrays["rows"] = pack(arrays["marks"], arrays["sentences"], arrays["documents"], room, across=across)
    folder.mkdir()
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    names.save(folder / "names.npy")


def _expected(paths: Sequence[Path]) -> int | None:
    """About how many chunks there will be, for the progress bar."""
    if any(path.name.endswith(".gz") for path in paths):
        return None
    return max(1, sum(path.stat().st_size for path in paths) // (2 * CHUNK_CHARACTERS))


def kept_documents(prepared: Prepared) -> Iterator[np.ndarray]:
    """The token ids of every kept document, in order."""
    start = 0
    for part in prepared.parts:
        bounds = np.asarray(part.sentences)[np.asarray(part.documents)]
        for place, (low, high) in enumerate(pairwise(bounds.tolist()), start):
            if prepared.stands[place] == place:
                yield np.asarray(part.ids[low:high])
        start += len(part.names)


def remove(work: Path) -> None:
    """Remove the work folder of a corpus that is written."""
    shutil.rmtree(work, ignore_errors=True)
