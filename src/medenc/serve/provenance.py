"""Where what is served comes from: the public part of manifests. Folders of this machine are not part of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from medenc.core.artifact import Artifact

SHOWN = ("kind", "created", "medenc", "python", "fingerprint", "content", "numbers", "model", "task")


def described(role: str, name: str, artifact: Artifact) -> dict[str, Any]:
    """What anybody may know of an artifact that is served as `name` in a `role`."""
    known = {key: artifact.manifest[key] for key in SHOWN if key in artifact.manifest}
    return {"role": role, "name": name, **{key: without_folders(value) for key, value in known.items()}}


def without_folders(value: Any) -> Any:
    """The same with every absolute path cut down to its last part."""
    if isinstance(value, Mapping):
        return {key: without_folders(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_folders(inner) for inner in value]
    if isinstance(value, str) and PurePath(value).is_absolute():
        return PurePath(value).name
    return value
