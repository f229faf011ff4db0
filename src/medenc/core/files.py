"""Files written whole or not at all, and their fingerprints."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from medenc.core.errors import MedencError

PART = ".part-"  # prefix of unfinished files and folders; whatever carries it may be deleted


def read_json(path: Path) -> Any:
    """The JSON document at `path`; a missing or broken file is a `MedencError` that names it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MedencError("no such file", where=path) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise MedencError(f"not a JSON document: {error}", where=path) from None


def json_text(value: Any) -> str:
    """`value` as stable, readable JSON: sorted keys, real characters, no NaN."""
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, whole or not at all."""
    write_bytes(path, json_text(value).encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file next door, flush it to disk and rename it over `path`."""
    with _disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=PART)
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, 0o644)  # mkstemp's own 0600 would lock other users of a shared index out
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill; it takes the place of `path` when the block ends well and vanishes when it does not.

    A process killed inside the block leaves only a `.part-*` sibling, which the next writer removes.
    """
    with _disk_errors(path), _sole_writer(path):
        recover(path)
        _sweep(path)
        draft = Path(tempfile.mkdtemp(dir=path.parent, prefix=f"{PART}{path.name}-"))
        draft.chmod(0o755)
        try:
            yield draft
            sync_tree(draft)
            publish(draft, path)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


def publish(draft: Path, path: Path) -> None:
    """Rename `draft` to `path`; a folder already there stays recoverable until the new one is in place."""
    previous = _previous(path)
    if path.exists():
        path.rename(previous)
    draft.rename(path)
    sync_folder(path.parent)
    shutil.rmtree(previous, ignore_errors=True)


def recover(path: Path) -> None:
    """Undo what a killed `publish` left: restore the previous folder when the new one never arrived."""
    if _previous(path).exists() and not path.exists():
        _previous(path).rename(path)


def _sweep(path: Path) -> None:
    """Remove what killed writers of `path` left; only the holder of its lock may."""
    for rest in [_previous(path), *path.parent.glob(f"{PART}{path.name}-*")]:
        shutil.rmtree(rest, ignore_errors=True)


def sync_tree(folder: Path) -> None:
    """Flush every file and folder below `folder` to disk."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        elif path.is_dir():
            sync_folder(path)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, so that a rename survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Any) -> str:
    """Hexadecimal SHA-256 of a JSON-like value, independent of key order."""
    return hashlib.sha256(json_text(value).encode()).hexdigest()


def content_digest(path: Path) -> str:
    """SHA-256 of a file, or of a folder's relative names and contents (`.part-*` files left out)."""
    if path.is_file():
        return sha256(path)
    files = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith(PART))
    return digest({p.relative_to(path).as_posix(): sha256(p) for p in files})


@contextmanager
def _sole_writer(path: Path) -> Iterator[None]:
    """Hold the lock of `path`; a second writer is told so instead of tidying the first one's draft away."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MedencError("another process is writing this", where=path, hint="wait for it to end") from None
        yield


def _previous(path: Path) -> Path:
    return path.with_name(f".previous-{path.name}")


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or a forbidden folder into one clear line; what was there before stays."""
    try:
        yield
    except OSError as error:
        if error.errno is None or isinstance(error, FileNotFoundError):
            raise
        raise MedencError(f"cannot write: {error.strerror}; what was there before is untouched", where=path) from error
