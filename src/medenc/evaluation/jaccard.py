"""The baseline of linking that needs no model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from medenc.data.records import Name
from medenc.metrics.linking import concepts

SIDES = "##"  # of a name, when it is cut into groups of three characters


class Jaccard:
    """The baseline: names by the share of character groups they have in common with the mention.

    Names are lower-cased, and those that are then alike are one, with all their ids. Equal shares by dictionary order.
    """

    def __init__(self, names: Iterable[Name]) -> None:
        merged: defaultdict[str, set[str]] = defaultdict(set)
        for name in names:
            merged[name.term.lower()] |= concepts(name.concept_id)
        self._ids = [frozenset(ids) for ids in merged.values()]
        groups = [_groups(term) for term in merged]
        self._sizes = np.array([len(own) for own in groups])
        self._holding: defaultdict[str, list[int]] = defaultdict(list)
        for number, own in enumerate(groups):
            for group in own:
                self._holding[group].append(number)

    def rank(self, texts: Sequence[str], top: int) -> list[list[frozenset[str]]]:
        """The ids of the `top` nearest names of each text."""
        return [[self._ids[number] for number in self._nearest(_groups(text.lower()), top)] for text in texts]

    def _nearest(self, groups: set[str], top: int) -> list[int]:
        common = np.zeros(len(self._ids))
        for group in groups:
            common[self._holding.get(group, [])] += 1
        shares = common / (self._sizes + len(groups) - common)
        nearest: list[int] = np.argsort(-shares, kind="stable")[:top].tolist()
        return nearest


def _groups(term: str) -> set[str]:
    edged = f"{SIDES}{term}{SIDES}"
    return {edged[i : i + 3] for i in range(len(edged) - 2)}
