"""A dictionary on disk: names, their spellings and, with a model, their vectors, mapped into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from medenc.core.errors import MedencError
from medenc.core.files import read_json, write_json
from medenc.core.options import Options
from medenc.core.progress import track
from medenc.core.vectors import unit
from medenc.data.records import Name
from medenc.search import approximate, arrays, names, spelling
from medenc.search.abstention import Abstention
from medenc.search.approximate import Vectors
from medenc.search.names import Names
from medenc.search.settings import Model
from medenc.search.spelling import Spelling
from medenc.text.analyzer import Analyzer, plain_analyzer
from medenc.text.terms import is_net

KIND = "dictionary"
FILE = "dictionary.json"
FORMAT = 1
ENCODE_BLOCK = 8192
AGAIN = "build it again from its names"

Encode = Callable[[Sequence[str]], np.ndarray]
"""Texts -> vectors (n, d) float32."""


class Settings(Options):
    """The content of `dictionary.json`."""

    format: int = FORMAT
    analyzer: dict[str, Any]
    model: Model | None = None
    dense: float = 0.5  # the share of the dense similarity in the score
    probes: int = 1  # lists of vectors that a search opens
    recall: float = 1.0  # of the ten nearest vectors, measured when the lists were made
    abstention: dict[str, Abstention] = {}  # by mode


def build(folder: Path, given: Iterable[Name], model: Model | None = None, encode: Encode | None = None) -> Settings:
    """Write a dictionary into an empty folder.

    Args:
        given: the names; those that repeat stay.
        model: says which model `encode` is; both or neither.

    Raises: MedencError when there is no name, or a vector is not finite or of another size.
    """
    analyzer = plain_analyzer()
    collected = names.collect(given)
    arrays.save(folder, collected, "names")
    forms = [collected.form(number) for number in range(len(collected.members))]
    arrays.save(folder, spelling.build(forms, words(analyzer)), "spelling")
    settings = Settings(analyzer=analyzer.to_json(), model=model)
    if model is not None and encode is not None:
        settings = _embed(folder, collected, settings, model, encode)
    write(folder, settings)
    return settings


def read(path: Path) -> Settings:
    """The settings of a dictionary. Raises: MedencError for another format."""
    values = read_json(path / FILE)
    if values.get("format") != FORMAT:
        raise MedencError(f"expected a dictionary of format {FORMAT}", where=path / FILE, hint=AGAIN)
    return Settings.parse(values, str(path / FILE))


def write(folder: Path, settings: Settings) -> None:
    """Replace the settings."""
    write_json(folder / FILE, settings.model_dump(mode="json"))


def load_names(path: Path) -> Names:
    """The names, mapped into memory."""
    return arrays.load(path, Names, "names")


def load_spelling(path: Path) -> Spelling:
    """The spellings, mapped into memory."""
    return arrays.load(path, Spelling, "spelling")


def load_vectors(path: Path, settings: Settings) -> Vectors:
    """The vectors, mapped into memory."""
    return arrays.load(path, Vectors, "vectors", probes=settings.probes, recall=settings.recall)


def analyzer_of(path: Path, settings: Settings) -> Analyzer:
    """The analyzer that made the words. Raises: MedencError when this installation has another one."""
    try:
        Analyzer.from_json(settings.analyzer)
    except MedencError as error:
        raise MedencError(error.message, where=path, hint=AGAIN) from None
    return plain_analyzer()


def words(analyzer: Analyzer) -> spelling.Words:
    """The analysed words of forms; the analyzer's character pairs are left out: forms have character groups."""

    def analysed(forms: Sequence[str]) -> list[list[str]]:
        return [[term.text for term in found if not is_net(term.text)] for found in analyzer.terms_batch(forms)]

    return analysed


def _embed(folder: Path, collected: Names, settings: Settings, model: Model, encode: Encode) -> Settings:
    """Encode the first writing of every form, block by block, and order the vectors into lists."""
    n = len(collected.members)
    raw = folder / "encoded.npy"
    units = approximate.allocated(raw, (n, model.dimension))
    numbers = iter(track(range(n), "encoding names"))
    while block := list(islice(numbers, ENCODE_BLOCK)):
        vectors = np.asarray(encode([collected.spelling(number) for number in block]), np.float32)
        if vectors.shape != (len(block), model.dimension) or not np.isfinite(vectors).all():
            raise MedencError(f"expected finite vectors of {model.dimension} numbers", where=model.path)
        units[block[0] : block[-1] + 1] = unit(vectors)
    lists = approximate.build(units, folder / "vectors.data.npy")
    arrays.save(folder, lists, "vectors", but="data")  # already there
    raw.unlink()
    return settings.model_copy(update={"probes": lists.probes, "recall": lists.recall})
