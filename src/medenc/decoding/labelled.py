"""Texts and pairs as features, and rows that are decided together: what all tasks on labelled texts share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.data.examples import Labelled
from medenc.decoding.contract import Feature
from medenc.decoding.inputs import fields
from medenc.decoding.sequences import in_windows, wholes

Golds = Sequence[Mapping[str, np.ndarray]]


def text_features(
    rows: Sequence[Labelled],
    golds: Golds,
    tokenizer: Tokenizer,
    max_tokens: int,
    *,
    pair: bool,
    overlap: int | None = None,
) -> tuple[list[Feature], dict[str, int]]:
    """One feature a row, or with `overlap` one a window of it, with its gold where there is any.

    Its memory is where the second text of a pair begins.

    The windows of a row share its weight. Counts: `truncated`, the rows that were cut, and `windows` where asked for.

    Raises: MedencError for a row with one text where two are expected, or the other way round.
    """
    for row in rows:
        _check_pair(row, pair)
    texts, pairs = [row.text for row in rows], [row.pair for row in rows] if pair else None
    if overlap is None:
        read = [[whole] for whole in wholes(tokenizer, texts, pairs, max_tokens)]
    else:
        read = in_windows(tokenizer, texts, pairs, max_tokens, overlap)
    features = [
        Feature(place, row.id, part.input_ids, part.type_ids, part.offsets, gold, (part.second,), part.lost)
        for place, (row, parts) in enumerate(zip(rows, read, strict=True))
        for gold in [_shared(golds[place], len(parts)) if golds else {}]
        for part in parts
    ]
    counts = {"truncated": sum(parts[0].lost > 0 for parts in read)}
    return features, counts | ({} if overlap is None else {"windows": len(features)})


def by_row(found: Sequence[np.ndarray], features: Sequence[Feature]) -> list[np.ndarray]:
    """What was found in each row, (windows, labels) each, in the order of the rows."""
    parts = groupby(zip(features, found, strict=True), key=lambda pair: pair[0].row)
    return [np.stack([own for _, own in windows]) for _, windows in parts]


def text_row(id_: str, value: str | Mapping[str, Any], *, pair: bool) -> Labelled:
    """A text, `{"text"}`, or `{"text", "pair"}`."""
    given = fields(id_, value, ("text", "pair") if pair else ("text",))
    return Labelled(id_, given["text"], pair=given.get("pair", ""))


def text_probes(texts: Sequence[str], *, pair: bool) -> list[str | dict[str, Any]]:
    """Every text, with the next one as its pair."""
    if not pair:
        return list(texts)
    return [{"text": text, "pair": other} for text, other in zip(texts, [*texts[1:], texts[0]], strict=True)]


def members(rows: Sequence[Labelled]) -> list[list[int]]:
    """For every row the places of all rows of its group, its own among them; a row without a group is alone."""
    groups: dict[str | int, list[int]] = {}
    for place, row in enumerate(rows):
        groups.setdefault(row.group or place, []).append(place)
    return [groups[row.group or place] for place, row in enumerate(rows)]


def places(rows: Sequence[Labelled], names: Sequence[tuple[str, ...]], labels: Sequence[str]) -> list[list[int]]:
    """The numbers of each row's classes. Raises: MedencError for a class that is no label."""
    number = {label: place for place, label in enumerate(labels)}
    for row, own in zip(rows, names, strict=True):
        if unknown := [name for name in own if name not in number]:
            raise MedencError(f"the label '{unknown[0]}' is not among the {len(labels)} labels", where=row.id)
    return [[number[name] for name in own] for own in names]


def _shared(gold: Mapping[str, np.ndarray], windows: int) -> Mapping[str, np.ndarray]:
    """A row weighs as much as another, however many windows it is read in."""
    return gold if windows == 1 else {**gold, "weight": (gold["weight"] / windows).astype(np.float32)}


def _check_pair(row: Labelled, pair: bool) -> None:
    if bool(row.pair) == pair:
        return
    found, expected = ("two texts", "one") if row.pair else ("one text", "two")
    raise MedencError(
        f"found {found}, expected {expected}", where=row.id, hint=f"the task has pair = {str(pair).lower()}"
    )
