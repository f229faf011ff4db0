"""Snapshots: the documents of one table version as files that are mapped into memory.

A snapshot is derived and can always be made again. `current.json` names the one in force and is replaced atomically, so
a reader sees the documents of exactly one version; files that a reader has mapped live on until it lets go of them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tokenize import TokenError  # what NumPy raises for some damaged headers
from typing import Any

import numpy as np

from medenc.core.errors import MedencError
from medenc.core.files import read_json, sha256, sync_tree, write_json
from medenc.search import approximate, arrays
from medenc.search.approximate import Vectors
from medenc.search.documents import Documents, empty
from medenc.search.store import disk_errors

CURRENT = "current.json"
SNAPSHOTS = "snapshots"
TABLE_FILES = "table"
LISTS = "lists"  # what the names of their files begin with
ATTEMPTS = 5  # times a reader looks again when a writer removes a snapshot between two of its steps


class DamagedError(Exception):
    """A snapshot cannot be used; it must be made again from the table."""


@dataclass(frozen=True)
class Snapshot:
    """The documents of one table version."""

    name: str
    version: int  # of the table
    documents: Documents
    lists: Vectors | None = None  # the windows' vectors by neighbourhood, where there are many


@contextmanager
def prepared(index: Path, documents: Documents, *, units: bool) -> Iterator[Path]:
    """The documents as files that are not in force yet; they vanish when the block ends without `enforce`.

    Vectors of length 1 (`units`) are cut into lists of neighbours, too, where they are many. The files are written
    before the table changes, so that a full disk shows while everything is still as it was.
    """
    root = index / SNAPSHOTS
    with disk_errors(index):
        root.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=root))
    try:
        with disk_errors(index):
            folder.chmod(0o755)
            _save(folder, documents)
            if units and len(documents.vectors.data) >= approximate.EXACT_BELOW:
                _save_lists(folder, documents)
            sync_tree(root)
        yield folder
    except BaseException:
        shutil.rmtree(folder)
        raise


def enforce(index: Path, folder: Path, version: int) -> None:
    """Make prepared files the ones in force, for this version of the table, and remove those before."""
    with disk_errors(index):
        sync_tree(index / TABLE_FILES)  # LanceDB leaves that to the system; an acknowledged change survives a power cut
        write_json(index / CURRENT, _description(index, folder, version))
        for other in (index / SNAPSHOTS).iterdir():
            if other != folder and other.is_dir():
                shutil.rmtree(other)


def current(index: Path) -> Snapshot:
    """The snapshot in force. Raises: DamagedError when files are missing or too short."""
    for _ in range(ATTEMPTS):
        name = current_name(index)
        try:
            return _open(index)
        except DamagedError:
            if name == current_name(index):
                raise
    raise restless(index)


def restless(index: Path) -> MedencError:
    """Another process changed the index between every two looks at it."""
    return MedencError("the index changes faster than it can be read", where=index, hint="try again")


def current_name(index: Path) -> str | None:
    """The name of the snapshot in force; None when none can be read."""
    try:
        return str(read_json(index / CURRENT)["snapshot"])
    except (MedencError, KeyError, TypeError):
        return None


def damaged(index: Path) -> list[str]:
    """Files of the snapshot in force and of the table that are missing or differ from what was published."""
    try:
        files: dict[str, dict[str, Any]] = read_json(index / CURRENT)["files"]
    except (MedencError, KeyError, TypeError):
        return [CURRENT]
    return [
        name for name, known in files.items() if not (index / name).is_file() or sha256(index / name) != known["sha256"]
    ]


def _open(index: Path) -> Snapshot:
    try:
        described = read_json(index / CURRENT)
        _check_sizes(index, described["files"])
        folder = index / SNAPSHOTS / described["snapshot"]
        lists = described.get("lists")
        return Snapshot(folder.name, int(described["version"]), _load(folder), lists and _load_lists(folder, lists))
    except (MedencError, KeyError, TypeError, ValueError, OSError, TokenError) as error:
        raise DamagedError(str(error)) from error


def _check_sizes(index: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    """Reading behind the end of a mapped file that was cut would kill the process."""
    for name, known in files.items():
        if name.startswith(SNAPSHOTS) and (index / name).stat().st_size != known["bytes"]:
            raise ValueError(f"{name} has another size")


def _save(folder: Path, documents: Documents) -> None:
    for name, column in documents.columns().items():
        _write(folder / f"{name}.npy", column.data)
        _write(folder / f"{name}.offsets.npy", column.offsets)


def _save_lists(folder: Path, documents: Documents) -> None:
    found = approximate.build(documents.vectors.data, folder / f"{LISTS}.data.npy", exact_below=0)
    found = replace(found, probes=min(approximate.MARGIN * found.probes, len(found.centres)))
    for name in ("rows", "starts", "centres"):
        _write(folder / f"{LISTS}.{name}.npy", getattr(found, name))
    write_json(folder / f"{LISTS}.json", {"probes": found.probes, "recall": found.recall})


def _write(path: Path, array: np.ndarray) -> None:
    """What `np.save` writes; but that hides the system's reason when the disk is full."""
    array = np.ascontiguousarray(array)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        file.write(array.reshape(-1).view(np.uint8).data)


def _load(folder: Path) -> Documents:
    return Documents(**{name: arrays.ragged(folder, name) for name in empty(0).columns()})


def _load_lists(folder: Path, facts: Mapping[str, Any]) -> Vectors:
    return arrays.load(folder, Vectors, LISTS, probes=int(facts["probes"]), recall=float(facts["recall"]))


def _description(index: Path, folder: Path, version: int) -> dict[str, Any]:
    """The version and the digest of every file; files of the table never change once they are written."""
    known = read_json(index / CURRENT)["files"] if current_name(index) else {}
    table = [
        p for p in (index / TABLE_FILES).rglob("*") if p.is_file() and p.suffix in (".lance", ".manifest", ".arrow")
    ]
    files = {}
    for path in sorted([*folder.iterdir(), *table]):
        name, size = path.relative_to(index).as_posix(), path.stat().st_size
        same = name in known and known[name]["bytes"] == size
        files[name] = known[name] if same else {"bytes": size, "sha256": sha256(path)}
    lists = folder / f"{LISTS}.json"
    facts = {"lists": read_json(lists)} if lists.exists() else {}
    return {"snapshot": folder.name, "version": version, **facts, "files": files}
