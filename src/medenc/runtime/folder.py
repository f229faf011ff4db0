"""The model folder as the runtime sees it: its facts, its towers, its identity."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from medenc.core.artifact import open_artifact
from medenc.core.errors import MedencError
from medenc.core.files import digest
from medenc.core.options import Options

Role = Literal["query", "passage"]
ROLES: tuple[Role, Role] = ("query", "passage")


class ModelFacts(Options):
    """What belongs to an embedding model and no flag may contradict (`model` in its manifest)."""

    pooling: Literal["cls", "mean", "pooler"]
    normalize: bool
    similarity: Literal["cosine", "dot", "l2"]
    max_tokens: int
    dimension: int
    dimensions: tuple[int, ...] = ()  # smaller ones whose leading numbers were trained as vectors, too
    prompts: dict[str, str] = {"query": "", "passage": ""}
    towers: bool = False
    lowercase: bool = False
    languages: list[str] = []


@dataclass(frozen=True)
class ModelFolder:
    """A finished embedding model."""

    path: Path
    facts: ModelFacts
    manifest: dict[str, Any]

    @property
    def towers(self) -> dict[Role, Path]:
        """The folder that encodes each role: the model itself, or `query/` and `passage/`."""
        return {role: self.path / role if self.facts.towers else self.path for role in ROLES}

    @property
    def fingerprint(self) -> str:
        """Hexadecimal identity of what decides a vector: weights, tokenizer, configuration and facts.

        Adding an exported backend does not change it, so an index stays valid.
        """
        files = {name: sha for name, sha in self.manifest["files"].items() if _decides(name)}
        return digest({"files": files, "facts": self.facts.model_dump(exclude={"languages", "dimensions"})})


def open_model(path: Path | str) -> ModelFolder:
    """Open a finished embedding model. Raises: MedencError when it is missing or of another kind."""
    path = Path(path)
    manifest = open_artifact(path, "model").manifest
    if "pooling" not in manifest.get("model", {}):
        raise MedencError("this model does not embed texts", where=path, hint="see `medenc show`")
    return ModelFolder(path, ModelFacts.parse(manifest["model"], f"{path}/manifest.json:model"), manifest)


def _decides(name: str) -> bool:
    """Whether a file of the folder (or of one of its towers) decides a vector."""
    tower, _, inner = name.rpartition("/")
    return tower in ("", *ROLES) and (inner.endswith(".safetensors") or inner in ("config.json", "tokenizer.json"))
