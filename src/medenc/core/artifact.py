"""Artifacts: finished results on disk that explain themselves.

An artifact is a folder with a `manifest.json` that says what it is, which options and inputs made it, what was
measured, and the SHA-256 of every file. The manifest is written last and the folder is renamed into place, so a
half-written artifact cannot exist.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medenc import __version__
from medenc.core.errors import MedencError
from medenc.core.files import content_digest, digest, new_folder, read_json, recover, sha256, write_json

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Artifact:
    """A finished folder and its manifest."""

    path: Path
    manifest: dict[str, Any]

    @property
    def kind(self) -> str:
        """What it is: model, index, report, …"""
        return str(self.manifest["kind"])

    @property
    def fingerprint(self) -> str:
        """What made it: kind, options, inputs and step version."""
        return str(self.manifest["fingerprint"])

    @property
    def content(self) -> str:
        """What is in it: a digest over every file's SHA-256."""
        return str(self.manifest["content"])

    def damaged(self) -> list[str]:
        """Files that are missing or differ from the manifest, by relative name."""
        return [name for name in self.manifest["files"] if not self.is_whole(name)]

    def is_whole(self, name: str) -> bool:
        """Whether a file is the one that the manifest knows, by its relative name."""
        path = self.path / name
        return path.is_file() and sha256(path) == self.manifest["files"].get(name)


@dataclass
class Draft:
    """An artifact being written: put files into `folder`, measurements into `numbers`, properties into `facts`.

    `target` is where the finished artifact will stand; what must survive a kill (checkpoints) lives beside it.
    """

    folder: Path
    target: Path
    numbers: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def fingerprint(kind: str, options: Mapping[str, Any], inputs: Mapping[str, str], version: int) -> str:
    """The identity of a result before it is made; `inputs` maps a name to the content digest of that input."""
    return digest({"kind": kind, "options": dict(options), "inputs": dict(inputs), "version": version})


@contextmanager
def writing(
    path: Path,
    kind: str,
    *,
    options: Mapping[str, Any],
    inputs: Mapping[str, str] | None = None,
    version: int = 1,
) -> Iterator[Draft]:
    """Fill `draft.folder`; on success the manifest is added and the folder takes its place at `path`."""
    inputs = inputs or {}
    with new_folder(path) as folder:
        draft = Draft(folder, path)
        yield draft
        write_json(folder / MANIFEST, _manifest(draft, kind, options, inputs, version))


@contextmanager
def amending(path: Path, kind: str | None = None) -> Iterator[Draft]:
    """Add to a finished artifact: the block fills a copy, which takes its place whole or not at all.

    What made it (options, inputs, fingerprint) stays; `files` and `content` follow the folder. Files in the draft are
    links to the finished ones, so the block must replace a file instead of writing into it.
    Raises: MedencError when a file differs from the manifest, which a new manifest would otherwise bless.
    """
    finished = open_artifact(path, kind)
    if damaged := finished.damaged():
        raise MedencError(f"this file is not the one that was written: {damaged[0]}", where=path)
    with new_folder(path) as folder:
        shutil.copytree(path, folder, copy_function=_link, dirs_exist_ok=True)
        facts = {key: value for key, value in finished.manifest.items() if key != "numbers"}
        draft = Draft(folder, path, dict(finished.manifest["numbers"]), facts)
        yield draft
        files = _digests(folder)
        manifest = {**draft.facts, "numbers": draft.numbers, "files": files, "content": digest(files)}
        write_json(folder / MANIFEST, manifest)


def open_artifact(path: Path, kind: str | None = None) -> Artifact:
    """Open a finished artifact. Raises: MedencError when it is missing, unreadable or of another kind."""
    recover(path)
    if not path.exists():
        raise MedencError("no such artifact", where=path)
    if not (path / MANIFEST).exists():
        raise MedencError(
            f"not a medenc artifact: it has no {MANIFEST}",
            where=path,
            hint="import the checkpoint with `medenc import`" if (path / "config.json").exists() else None,
        )
    manifest = read_json(path / MANIFEST)
    if kind is not None and manifest["kind"] != kind:
        raise MedencError(f"expected a {kind}, found a {manifest['kind']}", where=path)
    return Artifact(path, manifest)


def is_current(path: Path, expected: str) -> bool:
    """Whether a finished artifact with this fingerprint stands at `path`."""
    recover(path)
    return (path / MANIFEST).exists() and read_json(path / MANIFEST).get("fingerprint") == expected


def input_content(path: Path) -> str:
    """The content digest of an input: an artifact's own, or one computed from a plain file or folder."""
    if (path / MANIFEST).is_file():
        return open_artifact(path).content
    return content_digest(path)


def _manifest(
    draft: Draft, kind: str, options: Mapping[str, Any], inputs: Mapping[str, str], version: int
) -> dict[str, Any]:
    files = _digests(draft.folder)
    return {
        **draft.facts,
        "kind": kind,
        "options": dict(options),
        "inputs": dict(inputs),
        "fingerprint": fingerprint(kind, options, inputs, version),
        "content": digest(files),
        "numbers": draft.numbers,
        "files": files,
        "medenc": __version__,
        "python": platform.python_version(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below `folder` by its relative name, manifests left out."""
    return {
        p.relative_to(folder).as_posix(): sha256(p)
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != MANIFEST
    }


def _link(source: str, target: str) -> str:
    """A second name for a file that nobody writes into; a copy where the disk has no such names."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target
