"""Two entities of a text with marker tokens around them, in as much of the text as the encoder reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.decoding.pieces import Pieces

SUBJECT, OBJECT = ("[S]", "[/S]"), ("[O]", "[/O]")
MARKERS = (*SUBJECT, *OBJECT)
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Markers:
    """The numbers of the marker tokens."""

    subject: tuple[int, int]
    object: tuple[int, int]

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Markers:
        """Look them up. Raises: MedencError when the tokenizer does not know them."""
        ids = [id_ for token in MARKERS if (id_ := tokenizer.token_to_id(token)) is not None]
        if len(ids) < len(MARKERS):
            raise MedencError("the tokenizer does not know the markers of entities", where="tokenizer")
        return cls((ids[0], ids[1]), (ids[2], ids[3]))


def marked(own: Pieces, subject: Span, target: Span, markers: Markers, capacity: int) -> tuple[Pieces, int]:
    """The pieces around two entities with the markers among them, at most `capacity`; and how many were left out.

    What is kept lies around the entities, as much before as behind. When they are too far apart, the stretch between
    them is cut in its middle, so that both keep what stands next to them.
    """
    places = [_places(own, span) for span in (subject, target)]
    kept = _kept(len(own), places, capacity - len(MARKERS))
    inserted = [
        (place, order, id_, own.offsets[min(place, len(own) - 1)][0])
        for (start, end), (opening, closing) in zip(places, (markers.subject, markers.object), strict=True)
        for place, order, id_ in ((start, 1, opening), (end, 0, closing))
    ]
    stretches = [(place, 2, int(own.ids[place]), own.offsets[place]) for place in kept]
    row = sorted([*inserted, *stretches], key=lambda item: (item[0], item[1]))
    ids = np.array([id_ for _, _, id_, _ in row], dtype=np.int32)
    offsets = np.array([where if order == 2 else (0, 0) for _, order, _, where in row], dtype=np.int32).reshape(-1, 2)
    return Pieces(ids, offsets, ids), len(own) - len(kept)


def _places(own: Pieces, span: Span) -> Span:
    """The pieces [first, last) that a span of characters touches."""
    first = int(np.searchsorted(own.offsets[:, 1], span[0], side="right"))
    last = int(np.searchsorted(own.offsets[:, 0], span[1], side="left"))
    return first, max(last, first)


def _kept(n: int, places: Sequence[Span], room: int) -> list[int]:
    """The numbers of the pieces that are read."""
    if n <= room:
        return list(range(n))
    low, high = min(start for start, _ in places), max(end for _, end in places)
    if high - low <= room:
        first = min(max(0, low - (room - (high - low)) // 2), n - room)
        return list(range(first, first + room))
    half = room // 2
    return [*range(low, low + half), *range(high - (room - half), high)]
