"""Tag sequences and the entities they stand for: IOB, IOB2, BIOES, BILOU, BMES, any separator after the prefix."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from medenc.core.errors import MedencError
from medenc.data.reading import RecordError

Chunk = tuple[int, int, str]
"""First token, token after the last, label."""

_TAG = re.compile(r"(?P<prefix>[BIESLUMO])(?:[-_](?P<label>.+))?", re.DOTALL)
_OPENS, _CLOSES = "BSU", "ESLU"


@lru_cache(maxsize=4096)  # a file has few tags and many tokens
def split(tag: str) -> tuple[str, str]:
    """`B-Multi-tissue_structure` is B and Multi-tissue_structure; `B_disease`, `S-疾病`, bare `I` and `O` too.

    Raises: RecordError for another tag.
    """
    found = _TAG.fullmatch(tag)
    if found is None or (found["prefix"] == "O" and found["label"]):
        raise RecordError("a tag that is not O nor B, I, E, S, L, U or M with its label")
    return found["prefix"], found["label"] or ""


def decode(tags: Sequence[str]) -> list[Chunk]:
    """The entities of a sentence, as conlleval reads them: a tag that continues nothing opens an entity.

    Raises: RecordError for a tag that is none.
    """
    chunks: list[Chunk] = []
    start, open_label = 0, None
    for place, (prefix, label) in enumerate([*map(split, tags), ("O", "")]):
        goes_on = open_label == label and prefix != "O" and prefix not in _OPENS
        if open_label is not None and not goes_on:
            chunks.append((start, place, open_label))
            open_label = None
        if prefix != "O" and open_label is None:
            start, open_label = place, label
        if prefix in _CLOSES and open_label is not None:
            chunks.append((start, place + 1, open_label))
            open_label = None
    return chunks


def encode(chunks: Iterable[Chunk], length: int, separator: str = "-") -> list[str]:
    """The IOB2 tags of entities. Raises: MedencError when two overlap, which one row of tags cannot hold."""
    tags = ["O"] * length
    for start, end, label in chunks:
        if any(tag != "O" for tag in tags[start:end]):
            raise MedencError("two entities overlap: one row of tags cannot hold both", where="tags")
        suffix = f"{separator}{label}" if label else ""
        tags[start:end] = [f"B{suffix}", *[f"I{suffix}"] * (end - start - 1)]
    return tags
