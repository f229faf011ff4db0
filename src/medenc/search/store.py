"""The table of record: a LanceDB table whose every commit is whole or absent.

Importing LanceDB takes more than a second, so only writing, conditions and verification do it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medenc.core.errors import MedencError
from medenc.search import metadata, settings

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "documents"
REFUSED = (
    "No space left on device",
    "File too large",
    "Disk quota exceeded",
    "Permission denied",
    "Read-only file system",
    "Not a directory",
    "File exists",
)
ENDS = {".lance": b"LANC", ".manifest": b"LANC", ".arrow": b"ARROW1"}  # the last bytes of a whole file, by suffix


NEWEST = 2**64 - 1  # manifests are named by what is left to it, so that the newest comes first


class OutdatedError(Exception):
    """A version of the table cannot be read (any more)."""


class Store:
    """All documents with their terms, vectors and metadata; the caller holds the writer's lock when it writes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Make the table, empty."""
        with disk_errors(self.path):
            mode = "overwrite" if (self.path / f"{TABLE}.lance").exists() else "create"  # of a half-made index
            self._table = self._database.create_table(TABLE, schema=_schema({}), mode=mode)

    @property
    def version(self) -> int:
        """The number of the last commit."""
        self._table.checkout_latest()
        return int(self._table.version)

    def columns(self) -> dict[str, type]:
        """Metadata keys that conditions may name, with their types."""
        kinds = {str(metadata.arrow_type(kind)): kind for kind in metadata.NAMES}
        fields = [field for field in self._table.schema if field.name not in metadata.OWN + metadata.HIDDEN]
        return {field.name: kinds[str(field.type)] for field in fields}

    def upsert(self, rows: pa.Table, *, replaces: bool) -> None:
        """Add rows in one commit; `replaces` says that some of their ids are there already."""
        with disk_errors(self.path):
            self._table.checkout_latest()
            missing = [field for field in rows.schema if field.name not in self._table.schema.names]
            if missing:  # a commit of its own that changes no document
                import pyarrow as pa

                self._table.add_columns(pa.schema(missing))
            if replaces:
                self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(rows)
            else:
                self._table.add(rows)

    def delete(self, ids: Sequence[str]) -> None:
        """Remove documents in one commit."""
        listed = ", ".join("'" + id_.replace("'", "''") + "'" for id_ in ids)
        with disk_errors(self.path):
            self._table.checkout_latest()
            self._table.delete(f"id IN ({listed})")

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Undo a change of which a full disk has cut a file: LanceDB commits that without an error.

        Raises: MedencError when it was so.
        """
        before, known = self.version, self._files()
        yield
        if all(_is_whole(path) for path in self._files() - known):
            return
        with disk_errors(self.path):
            self._restore(before)
        raise MedencError("cannot write: the disk is full; the documents are as they were", where=self.path)

    def heal(self) -> None:
        """Go back to the last version that can be read, if a cut one could not be undone at once, and warn of it.

        Raises: MedencError, and nothing is undone, when whole files cannot be read, or when no version can.
        """
        with _read_errors(self.path):
            versions = sorted((int(known["version"]) for known in self._table.list_versions()), reverse=True)
            readable = next((version for version in versions if self._can_read(version)), None)
        if readable is None:
            raise MedencError("no version of its table can be read", where=self.path, hint=settings.AGAIN)
        if readable != versions[0]:
            with disk_errors(self.path):
                self._restore(readable)
            line = f"went back from version {versions[0]} to {readable}, since files in between were cut"
            warnings.warn(f"{self.path}: {line}", stacklevel=2)

    def rewrite(self) -> None:
        """Write the documents anew; LanceDB's compaction leaves files with few deleted rows, and so their text."""
        with disk_errors(self.path):
            self._table = self._database.create_table(TABLE, data=self.rows(), mode="overwrite")

    def forget(self) -> None:
        """Remove every version but the last, with its files."""
        with disk_errors(self.path), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # it warns of readers of old versions: ours reopen
            self._table.optimize(cleanup_older_than=timedelta(0), delete_unverified=True)

    def rows(self) -> pa.Table:
        """Every document of the last commit."""
        self._table.checkout_latest()
        return self._table.to_arrow()

    def matching(self, where: str, version: int) -> list[str]:
        """Ids of the documents of `version` that fulfil an SQL condition.

        Raises: MedencError for a condition that cannot be understood, with the columns that there are; OutdatedError
            when a writer has removed that version.
        """
        try:
            self._table.checkout(version)
        except (ValueError, RuntimeError, OSError) as error:
            raise OutdatedError from error
        try:
            found = self._table.search().where(where).select(["id"]).limit(max(1, self._table.count_rows())).to_arrow()
        except (RuntimeError, OSError) as error:  # its files went away meanwhile
            raise OutdatedError from error
        except ValueError as error:
            raise _bad_condition(str(error), [*metadata.OWN, *self.columns()]) from None
        except Exception as error:  # at a literal that it does not know LanceDB panics, in a class of no module
            if type(error).__name__ != "RustPanic":
                raise
            raise _bad_condition("", [*metadata.OWN, *self.columns()]) from None
        ids: list[str] = found["id"].to_pylist()
        return ids

    def _can_read(self, version: int) -> bool:
        """Whether a version can be read; False only when one of its files was cut, for other failures may pass."""
        try:
            self._table.checkout(version)
            self._table.to_arrow()
        except (OSError, RuntimeError, ValueError):
            if all(_is_whole(path) for path in self._files_of(version)):
                raise
            return False
        return True

    def _files_of(self, version: int) -> Iterator[Path]:
        """The files of a version: its manifest, and what that names."""
        manifest = self.path / f"{TABLE}.lance/_versions/{NEWEST - version:020}.manifest"
        known = manifest.read_bytes()
        yield manifest
        for path in self._files():
            number = path.stem.rpartition("-")[2]  # names a file of deleted rows; one of vectors or texts has a name
            name = path.name.encode()  # with its length before it, for it may be the end of another's
            if path.suffix == ".lance" and _varint(len(name)) + name in known:
                yield path
            if path.suffix == ".arrow" and number.isdecimal() and _varint(int(number)) in known:
                yield path

    def _restore(self, version: int) -> None:
        """Make an earlier version the last one."""
        self._table.checkout(version)
        self._table.restore()

    def _files(self) -> set[Path]:
        return {path for path in self.path.rglob("*") if path.suffix in ENDS and path.is_file()}

    @cached_property
    def _database(self) -> Any:
        import lancedb

        return lancedb.connect(self.path)

    @cached_property
    def _table(self) -> Any:
        return self._database.open_table(TABLE)


def _varint(number: int) -> bytes:
    """A number as Protocol Buffers write it."""
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])


def _is_whole(path: Path) -> bool:
    end = ENDS[path.suffix]
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(end)))
        return file.read() == end


def rows_of(columns: Mapping[str, Any], kinds: Mapping[str, type]) -> pa.Table:
    """A batch for `Store.upsert`: our columns and the metadata columns `kinds`, as lists or arrays by name."""
    import pyarrow as pa

    return pa.table(dict(columns), schema=_schema(kinds))


def _schema(kinds: Mapping[str, type]) -> pa.Schema:
    """The columns; none of ours has `vector` in its name, from which LanceDB would guess a type of its own."""
    import pyarrow as pa

    own = {
        "id": pa.string(),
        "title": pa.string(),
        "text": pa.large_string(),
        "metadata": pa.large_string(),
        "terms": pa.large_list(pa.string()),
        "spans": pa.large_list(pa.int32()),
        "dense": pa.large_list(pa.float32()),
        "windows": pa.large_list(pa.int32()),
    }
    return pa.schema({**own, **{key: metadata.arrow_type(kind) for key, kind in kinds.items()}})


def _bad_condition(reason: str, columns: Sequence[str]) -> MedencError:
    """Why a condition is refused, without repeating it: it may hold a patient's data."""
    if "No field named" in reason:
        found = "it names a column that there is not"
    elif "Error parsing" in reason or "SQL predicate" in reason:
        found = "it is not an SQL condition"
    else:
        found = "it does not fit the columns or is not supported"
    known = ", ".join(columns)
    return MedencError(found, where="where", hint=f"such as language = 'ko' AND year > 2020; columns: {known}")


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what LanceDB raises when it cannot write into one clear line; its commits are whole or absent."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        reason = next((known for known in REFUSED if known in str(error)), None)
        if reason is None:
            raise
        raise MedencError(f"cannot write: {reason}; the documents are as they were", where=path) from error


@contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    """Turn what LanceDB raises when it cannot read into one clear line."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        known = re.search(r"[^:\]]+ \(os error \d+\)", str(error))
        named = error.strerror if isinstance(error, OSError) else known and known.group().strip()
        reason = named or "a file is missing or damaged"
        raise MedencError(
            f"cannot read its table: {reason}; nothing was undone",
            where=path,
            hint="mend the cause and open the index again, or put a copy of it back",
        ) from error
