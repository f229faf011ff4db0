"""Pairs of segments for LinkBERT: contiguous, random or linked, drawn without any state.

The graph lies beside the shards: `links.ends.npy` (d,) and `links.targets.npy` (e,), the out-links of document i being
`targets[ends[i - 1]:ends[i]]`, and `links.in_degree.npy` (d,). Source: Yasunaga et al., ACL 2022, sections 4.1 to 4.3;
what the paper leaves open is an option of `Sampling`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field

from medenc.core.errors import MedencError
from medenc.core.options import Options
from medenc.data.shards import WORD, Shards, Tokens

RELATIONS = ("contiguous", "random", "linked")
CONTIGUOUS, RANDOM, LINKED = range(3)
SPECIALS = 3  # [CLS] a [SEP] b [SEP]
_TRIES = 64  # random documents looked at before a corpus counts as one where every document is linked to every other
_FILES = ("links.ends.npy", "links.targets.npy", "links.in_degree.npy")
_Weight = Annotated[float, Field(ge=0)]


class Sampling(Options):
    """How pairs are drawn."""

    max_tokens: int | None = Field(default=None, ge=8)  # special tokens included; the shards' own by default
    weights: tuple[_Weight, _Weight, _Weight] = (1, 1, 1)  # contiguous, random, linked
    # A document without out-links: its relation is drawn again (anchors stay uniform, linked pairs are fewer), or for
    # linked pairs another anchor is drawn among documents that have links (shares are exact, anchors are not uniform).
    unlinked: Literal["redraw", "linked_only"] = "redraw"
    diversity: bool = True  # targets with probability in proportion to 1 / in-degree, not uniformly
    strict_random: bool = True  # a random document is neither the target nor the source of a link


class Segment(NamedTuple):
    """Tokens `start` to `end` of a document."""

    document: int
    start: int
    end: int


class Pair(NamedTuple):
    """Two segments and what the second is to the first: an index into `RELATIONS`."""

    a: Segment
    b: Segment
    relation: int


class Graph:
    """Directed links between documents, without doubles and self links."""

    def __init__(self, ends: np.ndarray, targets: np.ndarray, in_degree: np.ndarray) -> None:
        """`ends`, `in_degree` (documents,), `targets` (links,)."""
        self.ends, self.targets, self.in_degree = ends, targets, in_degree

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The graph in a folder of shards. Raises: MedencError when there is none, or it is damaged."""
        if not (folder / _FILES[0]).exists():
            raise MedencError(
                "this corpus has no links", where=folder, hint="prepare it with `--links explicit` or `--links similar`"
            )
        try:
            return cls(*(np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in _FILES))
        except (ValueError, EOFError, OSError) as error:
            raise MedencError(f"damaged links: {error}", where=folder, hint="prepare the corpus again") from None

    @classmethod
    def of(cls, documents: int, sources: np.ndarray, targets: np.ndarray) -> Self:
        """The graph of links `sources[k]` → `targets[k]` among `documents`; doubles and self links are left out."""
        proper = sources != targets
        links = np.unique(np.stack([sources[proper], targets[proper]]), axis=1)
        ends = np.cumsum(np.bincount(links[0], minlength=documents))
        return cls(ends.astype(np.int64), links[1].astype(np.int64), np.bincount(links[1], minlength=documents))

    def save(self, folder: Path) -> None:
        """Write it beside the shards."""
        for name, array in zip(_FILES, (self.ends, self.targets, self.in_degree), strict=True):
            np.save(folder / name, array)

    def out(self, document: int) -> np.ndarray:
        """The documents that `document` links to, sorted."""
        return self.targets[(self.ends[document - 1] if document else 0) : self.ends[document]]

    def linked(self, one: int, other: int) -> bool:
        """Whether a link leads from one to the other, in either direction."""
        return other in self.out(one) or one in self.out(other)

    def sources(self) -> np.ndarray:
        """Documents that have out-links."""
        return np.flatnonzero(np.diff(self.ends, prepend=0))


class Links:
    """Segment pairs of a corpus: a pure function of the seed, the epoch and the index."""

    def __init__(self, shards: Shards, graph: Graph, sampling: Sampling) -> None:
        """An epoch has one pair for every `max_tokens` tokens of a document, and at least one for each document.

        Raises: MedencError when the graph and the documents do not fit together, or no pair at all could be drawn.
        """
        self.shards, self.graph, self.sampling = shards, graph, sampling
        self.max_tokens = sampling.max_tokens or shards.max_tokens
        self._room = self.max_tokens - SPECIALS
        self._documents = shards.documents
        if len(graph.ends) != len(self._documents):
            raise MedencError(f"links of {len(graph.ends)} documents, not of {len(self._documents)}", where=shards.path)
        self._ends = np.cumsum(np.maximum(1, -(-self._documents.lengths // self._room)))
        self._sources = graph.sources()
        if not sum(sampling.weights):
            raise MedencError("at least one relation needs a weight", where="weights")
        if sampling.weights[LINKED] and not len(self._sources):
            raise MedencError("no document links to another one", where=shards.path, hint="set the third weight to 0")

    @classmethod
    def open(cls, path: Path, sampling: Sampling | None = None) -> Self:
        """Open the corpus and its graph. Raises: MedencError as `Shards.open` and the constructor do."""
        return cls(Shards.open(path), Graph.open(path), sampling or Sampling())

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def draw(self, seed: int, epoch: int, index: int) -> tuple[Tokens, Tokens, int]:
        """The tokens of both segments, together at most `max_tokens` - 3, and their relation."""
        pair = self.plan(seed, epoch, index)
        a, b = (self._documents.tokens(*segment) for segment in (pair.a, pair.b))
        return a, b, pair.relation

    def shares(self, seed: int, epoch: int, n: int | None = None) -> dict[str, float]:
        """The realised share of each relation among the first `n` pairs of an epoch (all of them by default)."""
        drawn = [self.plan(seed, epoch, index).relation for index in range(len(self) if n is None else n)]
        counts = np.bincount(drawn, minlength=len(RELATIONS))
        return dict(zip(RELATIONS, (counts / max(1, len(drawn))).tolist(), strict=True))

    def plan(self, seed: int, epoch: int, index: int) -> Pair:
        """Where the segments of pair `index` lie.

        An anchor that allows no relation (a single sentence, linked to everything) gives way to a random one.
        Raises: MedencError when none that was tried allows a relation that has a weight.
        """
        rng = np.random.default_rng([seed, epoch, index])
        anchor = int(np.searchsorted(self._ends, index, side="right"))
        stretch = index - (int(self._ends[anchor - 1]) if anchor else 0)
        for _ in range(_TRIES):
            weights = np.array(self.sampling.weights, dtype=float)
            while weights.any():
                relation = int(rng.choice(len(RELATIONS), p=weights / weights.sum()))
                if pair := self._pair(rng, anchor, stretch, relation):
                    return pair
                weights[relation] = 0
            anchor, stretch = int(rng.integers(len(self._documents))), 0
        raise MedencError(
            "no pair can be drawn: hardly any document allows a relation that has a weight",
            where=self.shards.path,
            hint="give the other relations a weight too",
        )

    def _pair(self, rng: np.random.Generator, anchor: int, stretch: int, relation: int) -> Pair | None:
        """A pair of this relation, None when there is none with this anchor."""
        if relation == LINKED and not len(self.graph.out(anchor)) and self.sampling.unlinked == "linked_only":
            anchor, stretch = int(rng.choice(self._sources)), 0
        a = self._anchor_segment(rng, anchor, stretch)
        room = self._room - (a.end - a.start)
        if relation == CONTIGUOUS:
            left = int(self._documents.lengths[anchor]) - a.end
            return Pair(a, self._cut(anchor, a.end, a.end + min(room, left)), CONTIGUOUS) if left else None
        target = self._random(rng, anchor) if relation == RANDOM else self._linked(rng, anchor)
        return None if target is None else Pair(a, self._target_segment(rng, target, room), relation)

    def _anchor_segment(self, rng: np.random.Generator, document: int, stretch: int) -> Segment:
        """Whole sentences from a random one within the stretch, drawn alike for all relations so that it tells none.

        Something follows it, unless the document is a single sentence.
        """
        sentences = self._documents.sentences(document)
        goal = int(rng.integers(1, self._room))
        starts = sentences[:-2] if len(sentences) > 2 else sentences[:1]
        low, high = np.searchsorted(starts, [stretch * self._room, (stretch + 1) * self._room])
        first = int(rng.integers(low, high)) if low < high else int(min(low, len(starts) - 1))
        last = max(int(np.searchsorted(sentences, sentences[first] + goal, side="right")) - 1, first + 1)
        end = int(sentences[min(last, max(len(sentences) - 2, 1))])
        return self._cut(document, int(sentences[first]), min(end, int(sentences[first]) + self._room - 1))

    def _target_segment(self, rng: np.random.Generator, document: int, room: int) -> Segment:
        """The whole document if there is room, else what follows the start of a random sentence."""
        length = int(self._documents.lengths[document])
        start = 0 if length <= room else int(rng.choice(self._documents.sentences(document)[:-1]))
        return self._cut(document, start, min(start + room, length))

    def _cut(self, document: int, start: int, end: int) -> Segment:
        """The segment, its end moved back to where a word begins."""
        if end < int(self._documents.lengths[document]):
            end = start + whole_words(self._documents.marks(document, start, end + 1))
        return Segment(document, start, end)

    def _random(self, rng: np.random.Generator, anchor: int) -> int | None:
        for found in rng.integers(0, len(self._documents), size=_TRIES).tolist():
            if found != anchor and not (self.sampling.strict_random and self.graph.linked(anchor, found)):
                return int(found)
        return None

    def _linked(self, rng: np.random.Generator, anchor: int) -> int | None:
        """A target of the anchor's links. Source: section 4.2, after Henzinger et al. 2000."""
        targets = self.graph.out(anchor)
        if not len(targets):
            return None
        weights = 1 / self.graph.in_degree[targets] if self.sampling.diversity else np.ones(len(targets))
        return int(rng.choice(targets, p=weights / weights.sum()))


def whole_words(marks: np.ndarray) -> int:
    """How many of the first n tokens are whole words, given the marks of n + 1; n when they are all one word."""
    starts = np.flatnonzero(marks[1:] & WORD) + 1
    return int(starts[-1]) if len(starts) else len(marks) - 1
