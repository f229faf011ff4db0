"""What an index remembers about itself besides its documents."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from medenc.core.errors import MedencError
from medenc.core.files import json_text, read_json, sha256, write_json
from medenc.core.options import Options
from medenc.search.dense import Similarity
from medenc.search.evidence import Calibration
from medenc.search.fusion import Fusion
from medenc.search.lexical import Bm25
from medenc.text.analyzer import Analyzer

FILE = "index.json"
FORMAT = 1


class Model(Options):
    """The model that made the vectors."""

    path: str
    fingerprint: str
    dimension: int
    similarity: Similarity


class Settings(Options):
    """The content of `index.json`."""

    format: int = FORMAT
    analyzer: dict[str, Any]
    model: Model | None = None
    lexical: Bm25 = Bm25()
    fusion: Fusion = Fusion()
    evidence: Calibration = Calibration()
    terminology: dict[str, str] = {}  # the files of the names that explain hits, with their digests


def read(index: Path) -> Settings:
    """The settings of an index. Raises: MedencError when there is no index or another medenc made it."""
    if not (index / FILE).is_file():
        found = "no such index" if not index.exists() else "not an index: its index.json is missing"
        raise MedencError(found, where=index, hint="make one with `medenc index FILES --out INDEX`")
    values = read_json(index / FILE)
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise MedencError(f"expected an index of format {FORMAT}", where=index / FILE, hint=AGAIN)
    return Settings.parse(values, str(index / FILE))


def write(index: Path, settings: Settings) -> None:
    """Replace the settings."""
    write_json(index / FILE, settings.model_dump(mode="json"))


def damaged(index: Path, settings: Settings) -> list[str]:
    """Files of the terminology that are missing or differ from what was written."""
    known = settings.terminology.items()
    return [name for name, digest in known if not (index / name).is_file() or sha256(index / name) != digest]


AGAIN = "index the documents again into a new folder with `medenc index`"


def analyzer_of(index: Path, settings: Settings) -> Analyzer:
    """The analyzer that made the terms. Raises: MedencError when this installation has another one.

    Indexes with the same one share it: its Korean part takes a second and 100 MB.
    """
    try:
        return _shared(json_text(settings.analyzer))
    except MedencError as error:
        raise MedencError(error.message, where=index, hint=AGAIN) from None


@lru_cache(maxsize=4)
def _shared(values: str) -> Analyzer:
    return Analyzer.from_json(json.loads(values))
