"""Tiny checkpoints and the models imported from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_checkpoints import FAMILIES, write_checkpoint

from medenc.runtime.importing import import_checkpoint


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One checkpoint a family."""
    root = tmp_path_factory.mktemp("checkpoints")
    return {family: write_checkpoint(family, root / family) for family in FAMILIES}


@pytest.fixture(scope="session")
def model(checkpoints: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished BERT with mean pooling; nobody may change it."""
    out = tmp_path_factory.mktemp("models") / "model"
    import_checkpoint(checkpoints["bert"], out, pooling="mean")
    return out


@pytest.fixture(scope="session")
def towers(checkpoints: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished model with a tower each for queries and passages, dot product."""
    root = tmp_path_factory.mktemp("towers")
    other = write_checkpoint("bert", root / "other", seed=1)
    import_checkpoint(checkpoints["bert"], root / "model", pooling="cls", similarity="dot", passage=other)
    return root / "model"
