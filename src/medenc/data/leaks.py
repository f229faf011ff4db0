"""Leaks between splits: the same text, nearly the same text, the same concept.

Near-duplicates are found by an exact set-similarity join instead of by MinHash: no pair at or above the threshold is
missed and none below it is reported. Memory is about 40 bytes a character of either side.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from medenc.data.records import Name

SHINGLE = 5  # characters; a shorter text is one shingle


def scan(train_texts: Mapping[str, str], test_texts: Mapping[str, str], near: float = 0.8) -> dict[str, Any]:
    """Which test texts stand, exactly or nearly, among the training texts.

    Args:
        train_texts: id -> text.
        test_texts: id -> text.
        near: the least Jaccard similarity of the sets of 5-character shingles of a near-duplicate.

    Returns: `n_train`, `n_test`, `exact` and `near` (numbers of test texts), `exact_ids` as [test id, train id] and
    `near_ids` as [test id, train id, similarity], each test text once with its first or nearest counterpart. Texts
    are compared without case, spaces and compatibility variants (NFKC); punctuation counts.
    """
    train: dict[str, str] = {}
    for id_, text in train_texts.items():
        train.setdefault(key(text), id_)
    keys = {id_: key(text) for id_, text in test_texts.items()}
    exact = [[id_, train[found]] for id_, found in keys.items() if found in train]
    rest = [id_ for id_, found in keys.items() if found not in train]
    best = _nearest([shingles(k) for k in train], [shingles(keys[id_]) for id_ in rest], near)
    names = list(train.values())
    nearly = [[rest[i], names[j], round(similarity, 4)] for i, (j, similarity) in sorted(best.items())]
    return {
        "n_train": len(train_texts),
        "n_test": len(test_texts),
        "exact": len(exact),
        "near": len(nearly),
        "exact_ids": exact,
        "near_ids": nearly,
    }


def scan_concepts(train: Iterable[Name], test: Iterable[Name]) -> dict[str, Any]:
    """How far the concepts and the names of a test dictionary were seen in training.

    Returns: `concepts` and `names` (numbers of the test's that training has too), `n_concepts` and `n_names` (of the
    test), and `concept_ids`.
    """
    known, tested = list(train), list(test)
    concepts = {name.concept_id for name in tested}
    shared = concepts & {name.concept_id for name in known}
    names, seen = {key(name.term) for name in tested}, {key(name.term) for name in known}
    return {
        "n_concepts": len(concepts),
        "n_names": len(names),
        "concepts": len(shared),
        "names": len(names & seen),
        "concept_ids": sorted(shared),
    }


def key(text: str) -> str:
    """What two texts must share to count as the same: NFKC, no case, no spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def shingles(text: str) -> np.ndarray:
    """Hashes of the character 5-grams of a text, distinct and sorted, shape (n,)."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    if codes.size < SHINGLE:
        codes = np.pad(codes, (0, SHINGLE - codes.size))
    hashes = np.zeros(codes.size - SHINGLE + 1, dtype=np.uint64)
    for offset in range(SHINGLE):
        hashes = (hashes ^ codes[offset : offset + hashes.size]) * np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(29)
    return np.unique(hashes)


def _nearest(train: list[np.ndarray], test: list[np.ndarray], least: float) -> dict[int, tuple[int, float]]:
    """For each row of `test` with a row of `train` at Jaccard similarity `least` or more: the nearest one.

    Source: prefix filtering, Chaudhuri et al. 2006 and Bayardo et al. 2007: under one common order of the elements, two
    sets x and y at Jaccard similarity t or more share an element among the first |x| − ⌈t·|x|⌉ + 1 of x and the first
    |y| − ⌈t·|y|⌉ + 1 of y. Rare elements come first, so that few other pairs do.
    """
    if not train or not test:
        return {}
    elements, counts = np.unique(np.concatenate(train + test), return_counts=True)
    order = np.empty(elements.size, dtype=np.int64)
    order[np.argsort(counts, kind="stable")] = np.arange(elements.size)
    left = [np.sort(order[np.searchsorted(elements, row)]) for row in train]
    right = [np.sort(order[np.searchsorted(elements, row)]) for row in test]
    best: dict[int, tuple[int, float]] = {}
    for i, j in _candidates(left, right, least):
        both = np.intersect1d(right[i], left[j], assume_unique=True).size
        similarity = both / (right[i].size + left[j].size - both)
        if similarity >= least and similarity > best.get(i, (0, 0.0))[1]:
            best[i] = (j, similarity)
    return best


def _candidates(left: list[np.ndarray], right: list[np.ndarray], least: float) -> Iterator[tuple[int, int]]:
    """Pairs (row of right, row of left) that share an element of their prefixes and are of comparable size."""
    prefixes = [_prefix(row, least) for row in left]
    owners = np.repeat(np.arange(len(left)), [p.size for p in prefixes])
    posted = np.concatenate(prefixes)
    by_element = np.argsort(posted, kind="stable")
    posted, owners = posted[by_element], owners[by_element]
    sizes = np.array([row.size for row in left])
    for i, row in enumerate(right):
        wanted = _prefix(row, least)
        starts, ends = np.searchsorted(posted, wanted, "left"), np.searchsorted(posted, wanted, "right")
        found = np.unique(np.concatenate([owners[s:e] for s, e in zip(starts, ends, strict=True)]))
        comparable = (sizes[found] >= least * row.size) & (sizes[found] * least <= row.size)
        yield from ((i, int(j)) for j in found[comparable])


def _prefix(row: np.ndarray, least: float) -> np.ndarray:
    return row[: row.size - int(np.ceil(least * row.size - 1e-9)) + 1]
