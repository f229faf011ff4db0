"""Changing an index: one writer at a time, and every change whole or absent.

The order is: write the new snapshot's files, commit the table, put the snapshot in force. A mark stands from before the
commit until the end; whoever finds it without a living writer brings the snapshot up to the table.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from medenc import __version__
from medenc.core.artifact import MANIFEST, fingerprint
from medenc.core.errors import MedencError
from medenc.core.files import digest, read_json, sha256, write_bytes, write_json
from medenc.search import settings, snapshot
from medenc.search.documents import Documents, from_arrow
from medenc.search.snapshot import DamagedError, Snapshot
from medenc.search.store import Store, disk_errors

LOCK = "write.lock"
MARK = "unfinished"  # a change may be in the table and not yet in the snapshot


class Writer:
    """Holds the lock of an index; made by `writing`."""

    def __init__(self, index: Path, dimension: int) -> None:
        self._index, self._dimension, self.store = index, dimension, Store(index / snapshot.TABLE_FILES)

    def documents(self) -> Documents:
        """The documents of the table's last commit; what a killed writer left unfinished is finished first."""
        try:
            found = snapshot.current(self._index)
        except DamagedError:
            return self._rebuilt()
        finished = not (self._index / MARK).exists() and found.version == self.store.version
        return found.documents if finished else self._rebuilt()

    def commit(self, documents: Documents, change: Callable[[], None]) -> None:
        """Change the table, and put `documents`, which it then holds, in force."""
        model = settings.read(self._index).model
        units = model is not None and model.similarity == "cosine"
        with snapshot.prepared(self._index, documents, units=units) as folder:
            write_bytes(self._index / MARK, b"")
            with self.store.whole():
                change()
            snapshot.enforce(self._index, folder, self.store.version)
        describe(self._index, len(documents))
        with disk_errors(self._index):
            (self._index / MARK).unlink()

    def _rebuilt(self) -> Documents:
        self.store.heal()
        documents = from_arrow(self.store.rows(), self._dimension)
        self.commit(documents, lambda: None)
        return documents


@contextmanager
def writing(index: Path, dimension: int) -> Iterator[Writer]:
    """Be the one writer of an index. Raises: MedencError at once when there is another; a dead one holds nothing."""
    with disk_errors(index):
        lock = (index / LOCK).open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MedencError(
                "another process is writing to this index", where=index, hint="wait for it to end"
            ) from None
        yield Writer(index, dimension)


def opened(index: Path, dimension: int) -> Snapshot:
    """The snapshot in force, made again when it is damaged or a killed writer left it behind the table."""
    try:
        found = snapshot.current(index)
    except DamagedError:
        if not (index / snapshot.TABLE_FILES).is_dir():
            raise MedencError("its table is missing", where=index, hint=settings.AGAIN) from None
    else:
        if not (index / MARK).exists() or _busy(index):
            return found
    with writing(index, dimension) as writer:
        writer.documents()
    return snapshot.current(index)


def describe(index: Path, documents: int) -> None:
    """Keep the manifest true: what changed is another content, and no longer what a recipe's step made."""
    current = read_json(index / snapshot.CURRENT)
    files = {name: known["sha256"] for name, known in current["files"].items()}
    files |= settings.read(index).terminology
    files |= {name: sha256(index / name) for name in (settings.FILE, snapshot.CURRENT)}
    content = digest(files)
    manifest = {
        "kind": "index",
        "options": {},
        "inputs": {},
        "fingerprint": fingerprint("index", {}, {"content": content}, 1),
        "content": content,
        "numbers": {"documents": documents, **current.get("lists", {})},
        "files": files,
        "medenc": __version__,
    }
    write_json(index / MANIFEST, manifest)


def _busy(index: Path) -> bool:
    """Whether a writer is at work, or this process may not write: the snapshot in force is then the answer."""
    try:
        lock = (index / LOCK).open("a")
    except OSError:
        return True
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
