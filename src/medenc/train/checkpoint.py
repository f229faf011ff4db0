"""Checkpoints: all that a killed run needs to go on as if nothing had happened, as arrays and JSON."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from medenc.core.artifact import Artifact, open_artifact, writing
from medenc.core.errors import MedencError
from medenc.core.files import PART, write_bytes

KEPT = 2
_KIND = "checkpoint"
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Checkpoint:
    """A verified checkpoint: `step` steps are done."""

    step: int
    arrays: dict[str, dict[str, np.ndarray]]


class Checkpoints:
    """The checkpoints of one run in one folder.

    `contract` is everything that the bits of the result depend on; a checkpoint of another contract is refused.
    """

    def __init__(self, folder: Path, contract: Mapping[str, Any]) -> None:
        self.folder, self.contract = folder, dict(contract)

    def save(self, step: int, arrays: Mapping[str, Arrays]) -> None:
        """Write a checkpoint whole or not at all; older ones go only after it has been read back."""
        path = self.folder / f"step-{step:09d}"
        with writing(path, _KIND, options=self.contract) as draft:
            for name, group in arrays.items():
                write_bytes(draft.folder / f"{name}.safetensors", save(dict(group)))
            draft.numbers["step"] = step
        _verify(open_artifact(path, _KIND))
        for old in self._paths()[KEPT:]:
            shutil.rmtree(old)
            old.with_name(f".{old.name}.lock").unlink(missing_ok=True)

    def newest(self) -> Checkpoint | None:
        """The newest undamaged checkpoint, or None before the first one.

        Raises: MedencError when it was made under another contract, or when all are damaged.
        """
        damaged: list[MedencError] = []
        for path in self._paths():
            try:
                return self._opened(path)
            except _DamagedError as error:
                warnings.warn(f"{error}; trying the one before", stacklevel=2)
                damaged.append(error)
        if damaged:
            raise damaged[0]
        return None

    def tidy(self) -> None:
        """Remove what a killed writer left half-made; nobody may be writing."""
        for rest in self.folder.glob(f"{PART}*"):
            if rest.is_dir():
                shutil.rmtree(rest)
            else:
                rest.unlink()

    def remove(self) -> None:
        """Forget the run: its result stands elsewhere."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _opened(self, path: Path) -> Checkpoint:
        found = _readable(path)
        _verify(found)
        self._same_contract(found)
        arrays = {file.stem: load(file.read_bytes()) for file in sorted(path.glob("*.safetensors"))}
        return Checkpoint(int(found.manifest["numbers"]["step"]), arrays)

    def _same_contract(self, found: Artifact) -> None:
        made = found.manifest["options"]
        drift = sorted(key for key in made.keys() | self.contract.keys() if made.get(key) != self.contract.get(key))
        if drift:
            raise MedencError(
                f"the run to resume differs in {', '.join(drift)}",
                where=found.path,
                hint=f"restore that, or remove {self.folder} to start again",
            )

    def _paths(self) -> list[Path]:
        """Finished checkpoints, newest first."""
        return sorted(self.folder.glob("step-*"), reverse=True)


class _DamagedError(MedencError):
    """The files are not those that were written."""


def _readable(path: Path) -> Artifact:
    try:
        return open_artifact(path, _KIND)
    except (MedencError, KeyError) as error:  # a manifest that is cut short, or lost
        raise _DamagedError(f"damaged checkpoint: {error}", where=path, hint="remove it") from None


def _verify(found: Artifact) -> None:
    damaged = found.damaged()
    if damaged:
        raise _DamagedError(f"damaged checkpoint: {', '.join(damaged)}", where=found.path, hint="remove it")
