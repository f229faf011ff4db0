"""The links of a corpus: those that documents declare, or those to their most similar documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from medenc.data.duplicates import TAKEN
from medenc.data.links import Graph
from medenc.data.shard_building import Part

EXAMPLES = 20  # unknown targets named in the report
HEAVIEST = 32  # tokens of a document that its neighbours are looked up by


@dataclass
class Unknown:
    """Links to documents that are not in the corpus."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, part: Part, links: np.ndarray) -> None:
        """Count links of a part, by their numbers, and name the first of them."""
        self.count += len(links)
        owners = np.searchsorted(part.target_ends, links, side="right")
        for link, owner in zip(links[: EXAMPLES - len(self.examples)], owners, strict=False):
            self.examples.append(f"{part.names[int(owner)]} -> {part.targets[int(link)]}")


def declared(parts: Sequence[Part], stands: np.ndarray) -> tuple[Graph, dict[str, object]]:
    """The graph of the links that documents declare, between the kept documents in their order, and its accounts.

    A link of or to a copy is one of or to the document kept for it. `stands` is what `duplicates.standing` gave.
    """
    table = _Table(parts, stands)
    unknown = Unknown()
    sources, targets, read, start = [], [], 0, 0
    for part in parts:
        owners = start + np.repeat(np.arange(len(part.names)), np.diff(part.target_ends, prepend=0))
        found = table.find(np.asarray(part.target_keys))
        proper = stands[owners] != TAKEN
        read += int(proper.sum())
        unknown.add(part, np.flatnonzero(proper & (found == TAKEN)))
        known = proper & (found != TAKEN)
        sources.append(stands[owners[known]])
        targets.append(found[known])
        start += len(part.names)
    kept = stands == np.arange(len(stands))
    number = np.cumsum(kept) - 1
    all_sources, all_targets = (number[np.concatenate([*ends, []]).astype(np.int64)] for ends in (sources, targets))
    graph = Graph.of(int(kept.sum()), all_sources, all_targets)
    own = int((all_sources == all_targets).sum())
    repeated = len(all_sources) - own - len(graph.targets)
    accounts = {"read": read, "kept": len(graph.targets), "repeated": repeated, "to_themselves": own}
    return graph, {**accounts, "unknown": unknown.count, "unknown_examples": unknown.examples}


class _Table:
    """Document numbers by digest of the id."""

    def __init__(self, parts: Sequence[Part], stands: np.ndarray) -> None:
        keys = np.concatenate([np.zeros((0, 2), np.uint64), *(part.keys[:, :2] for part in parts)])
        known = np.flatnonzero(stands != TAKEN)
        order = known[np.argsort(keys[known, 0], kind="stable")]
        self._keys, self._stands = keys[order], stands[order]

    def find(self, keys: np.ndarray) -> np.ndarray:
        """(l,) the document kept for each id, `TAKEN` for unknown ones."""
        if not len(self._keys):
            return np.full(len(keys), TAKEN)
        place = np.minimum(np.searchsorted(self._keys[:, 0], keys[:, 0]), len(self._keys) - 1)
        return np.where((self._keys[place] == keys).all(axis=1), self._stands[place], TAKEN)


def similar(documents: Iterable[np.ndarray], neighbours: int) -> Graph:
    """Each document linked to the `neighbours` nearest ones by the cosine of TF-IDF over token ids.

    A document is looked up by its `HEAVIEST` tokens, so common words cost nothing; one that shares no such token with
    any other has no links. Memory: 12 bytes for every different token of every document.
    Source: Yasunaga et al. 2022, section 5.4; the paper leaves the weighting open: (1 + ln tf) ln(n / df), unit length.
    """
    postings = _Postings([np.unique(ids, return_counts=True) for ids in documents])
    links = [postings.nearest(document, neighbours) for document in range(postings.documents)]
    sources = np.repeat(np.arange(postings.documents), [len(found) for found in links])
    return Graph.of(postings.documents, sources, np.concatenate([*links, []]).astype(np.int64))


class _Postings:
    """TF-IDF weights by document and by token."""

    def __init__(self, counts: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
        self.documents = len(counts)
        self._ends = np.cumsum([0, *(len(tokens) for tokens, _ in counts)])
        self._tokens = np.concatenate([tokens for tokens, _ in counts] or [np.zeros(0, np.int64)]).astype(np.int64)
        times = np.concatenate([times for _, times in counts] or [np.zeros(0, np.int64)])
        owner = np.repeat(np.arange(self.documents), np.diff(self._ends))
        idf = np.log(max(self.documents, 1) / np.maximum(np.bincount(self._tokens), 1))
        weights = (1 + np.log(times)) * idf[self._tokens]
        norms = np.sqrt(np.bincount(owner, weights**2, self.documents))
        self._weights = (weights / np.where(norms, norms, 1)[owner]).astype(np.float32)
        order = np.argsort(self._tokens, kind="stable")
        self._owners, self._by_token = owner[order].astype(np.int32), self._weights[order]
        self._offsets = np.append(0, np.cumsum(np.bincount(self._tokens)))

    def nearest(self, document: int, n: int) -> np.ndarray:
        """The n nearest other documents that share one of the heaviest tokens; ties by number."""
        own = slice(self._ends[document], self._ends[document + 1])
        tokens, weights = self._tokens[own], self._weights[own]
        scores = np.zeros(self.documents, dtype=np.float32)
        for place in np.argsort(-weights, kind="stable")[:HEAVIEST]:
            span = slice(self._offsets[tokens[place]], self._offsets[tokens[place] + 1])
            scores[self._owners[span]] += weights[place] * self._by_token[span]
        scores[document] = 0
        least = np.partition(scores, -n)[-n] if n < len(scores) else 0
        best = np.flatnonzero((scores >= least) & (scores > 0))
        return best[np.argsort(-scores[best], kind="stable")][:n]
