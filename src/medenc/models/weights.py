"""Weights on disk: whole safetensors, and nothing that could run code."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError, safe_open

from medenc.core.errors import MedencError
from medenc.core.files import read_json

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")


def check_weights(folder: Path) -> None:
    """Refuse a folder whose weights are missing, pickled, or not whole; only their headers are read."""
    if not (folder / "config.json").is_file():
        raise MedencError("not a checkpoint folder: it has no config.json", where=folder)
    files = _files(folder)
    if not files and any((folder / name).is_file() for name in PICKLES):
        raise MedencError(
            "the weights are a pickle, which can run code when opened",
            where=folder,
            hint="save the model again with `save_pretrained(folder)` where you trust it, to get model.safetensors",
        )
    if not files:
        raise MedencError(f"no weights: expected {SINGLE}", where=folder)
    for file in files:
        check_whole(file)


def check_whole(file: Path) -> None:
    """Refuse a file that is cut off, or something else under this name."""
    try:
        with safe_open(file, framework="numpy"):
            pass
    except FileNotFoundError:
        raise MedencError("no such file", where=file) from None
    except SafetensorError as error:
        raise MedencError(
            f"not a whole safetensors file: {error}", where=file, hint="copy it again from where it came from"
        ) from None


def _files(folder: Path) -> list[Path]:
    """The weights' files: one, or those that an index names."""
    if (folder / SINGLE).is_file():
        return [folder / SINGLE]
    if (folder / INDEX).is_file():
        return [folder / str(name) for name in sorted(set(read_json(folder / INDEX)["weight_map"].values()))]
    return []
