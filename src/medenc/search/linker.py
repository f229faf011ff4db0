"""Linking: from a mention to the concepts of a dictionary.

A mention that is a name, whatever its case, width, hyphens and spaces, is that name. Others are compared by spelling
(`spelling`) and, when the dictionary has vectors, by meaning (`approximate`); the two similarities of every name
that either of them finds are weighted into one score. Candidates are concepts, each by its best name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from medenc.core.artifact import open_artifact
from medenc.core.errors import MedencError, did_you_mean
from medenc.core.vectors import unit
from medenc.search import dictionary, names, spelling
from medenc.search.dictionary import Encode
from medenc.search.ragged import Ragged

Mode = Literal["fused", "dense", "lexical"]
How = Literal["exact", "lexical", "dense", "both"]

POOL = 64  # spellings that each similarity proposes
DIGITS = 6  # of a score: sums in another order, on another processor, must not change the order of candidates
SAME_MODEL = 0.9  # least cosine of a name's vector, made anew, with the stored one; int8 and fp32 agree beyond it


@dataclass(frozen=True, slots=True)
class Candidate:
    """A concept that a mention may stand for, by its best name.

    `how` says what found the name; `lexical` and `dense` are its two similarities (`dense` is None without vectors).
    """

    concept_id: str
    term: str
    score: float
    language: str
    how: How
    lexical: float
    dense: float | None
    concept: int  # its number in the dictionary

    def to_json(self) -> dict[str, Any]:
        """The documented form."""
        return {
            "concept_id": self.concept_id,
            "term": self.term,
            "score": self.score,
            "language": self.language,
            "how": self.how,
        }


@dataclass(frozen=True, slots=True)
class Linked:
    """A mention with its candidates, best first; `none_probability` is None when the dictionary is not calibrated."""

    mention: str
    candidates: list[Candidate]
    none_probability: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The documented form."""
        found: dict[str, Any] = {"mention": self.mention, "candidates": [c.to_json() for c in self.candidates]}
        return found if self.none_probability is None else found | {"none_probability": self.none_probability}


@dataclass(frozen=True)
class Pool:
    """Spellings that may be what a mention means, with all that is known of each, (k,)."""

    mention: str
    forms: np.ndarray  # ascending
    exact: np.ndarray  # bool
    proposed: dict[str, np.ndarray] = field(repr=False)  # similarity -> bool: whether it proposed the spelling
    lexical: np.ndarray
    dense: np.ndarray | None

    def scores(self, mode: Mode, share: float) -> np.ndarray:
        """One score for each spelling; `share` is the weight of the dense similarity when both count."""
        if mode == "dense" or self.dense is None:
            found = self.lexical if self.dense is None else self.dense
        else:
            share = 0.0 if mode == "lexical" else share
            found = (1 - share) * self.lexical + share * self.dense
        scores = found if mode == "dense" else np.where(self.exact, 1.0, found)
        return np.asarray(np.round(scores, DIGITS))

    def how(self, place: int) -> How:
        """What found a spelling."""
        if self.exact[place]:
            return "exact"
        ways: list[How] = [way for way in get_args(How) if way in self.proposed and self.proposed[way][place]]
        return "both" if len(ways) > 1 else ways[0]


class Linker:
    """A dictionary, opened for linking; files are mapped into memory, so many processes share them."""

    def __init__(self, path: Path, encode: Encode | None) -> None:
        """See `open`."""
        self.path, self._encode = path, encode
        self.settings = dictionary.read(path)
        self.names = dictionary.load_names(path)
        self._spelling = dictionary.load_spelling(path)
        self._vectors = dictionary.load_vectors(path, self.settings) if self.settings.model else None

    @classmethod
    def open(cls, path: Path, encode: Encode | None = None) -> Linker:
        """Open a dictionary.

        Args:
            path: its folder.
            encode: texts -> vectors (n, d), by the model that made the dictionary's. Without it, or when the dictionary
                has no vectors, mentions are linked by spelling alone.

        Raises: MedencError when there is no dictionary, or another analyzer made it.
        """
        open_artifact(path, dictionary.KIND)
        return cls(path, encode)

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The ways to link, the best first."""
        return ("fused", "dense", "lexical") if self._vectors is not None and self._encode else ("lexical",)

    def link(self, mentions: Iterable[str], top: int = 5, mode: Mode | None = None) -> list[Linked]:
        """Link mentions, each on its own.

        Args:
            mentions: texts of mentions. One without letters or digits that no name has gets no candidate.
            top: candidates of a mention, at most.
            mode: the best of `modes` by default.
        """
        mode = self._checked(mode)
        return [self.candidates(pool, top, mode) for pool in self.pools(list(mentions), mode)]

    def candidates(self, pool: Pool, top: int, mode: Mode, share: float | None = None) -> Linked:
        """The concepts of a pool; equal scores by closeness of writing, then the concept with more names goes first."""
        ranked: dict[int, tuple[int, int, float]] = {}
        for name, place, score in self._ordered(pool, mode, share):
            if len(ranked) == max(top, 2):  # the second one is needed to see how far ahead the first is
                break
            ranked.setdefault(int(self.names.concept[name]), (name, place, score))
        found = [self._candidate(pool, *best) for best in ranked.values()]
        judge = self.settings.abstention.get(mode)
        none = None if judge is None else round(judge.probability(evidence(pool.mention, found)), DIGITS)
        return Linked(pool.mention, found[:top], none if found or none is None else 1.0)

    def info(self) -> dict[str, int]:
        """How many names and concepts there are."""
        return {"names": len(self.names), "concepts": len(self.names.concepts)}

    def names_of(self, candidate: Candidate) -> list[dict[str, str]]:
        """All names of a candidate's concept, in the dictionary's order, `{"term", "language"}` each."""
        own, languages = self.names, self.names.language
        places = self._members[candidate.concept].tolist()
        return [{"term": own.terms.text(at), "language": own.languages.text(int(languages[at]))} for at in places]

    def rank(self, mentions: Iterable[str], top: int, mode: Mode | None = None) -> list[list[int]]:
        """The best names of each mention, as the published evaluation ranks them: a concept may come many times."""
        mode = self._checked(mode)
        return [[name for name, _, _ in self._ordered(pool, mode, None)[:top]] for pool in self.pools(mentions, mode)]

    def pools(self, mentions: Iterable[str], mode: Mode) -> Iterable[Pool]:
        """What may be meant by each mention."""
        mentions = list(mentions)
        forms = [names.form(mention) for mention in mentions]
        vectors = None if mode == "lexical" else self._embedded(mentions)
        for place, (mention, form, words) in enumerate(zip(mentions, forms, self._words(forms), strict=True)):
            found = spelling.features(form, words)
            yield self._pool(mention, found, None if vectors is None else vectors[place], mode)

    def _pool(self, mention: str, found: set[str], vector: np.ndarray | None, mode: Mode) -> Pool:
        exact = self.names.exact(mention)
        near: dict[str, np.ndarray] = {}
        if mode != "dense":
            near["lexical"] = self._spelling.top(found, POOL)[0]
        if vector is not None and self._vectors is not None:
            near["dense"] = self._vectors.top(vector, POOL)[0]
        forms = np.unique(np.concatenate([exact, *near.values()])).astype(np.int64)
        dense = None if vector is None or self._vectors is None else self._vectors.scores(vector, forms)
        return Pool(
            mention,
            forms,
            np.isin(forms, exact),
            {way: np.isin(forms, rows) for way, rows in near.items()},
            self._spelling.scores(found, forms),
            dense,
        )

    def _ordered(self, pool: Pool, mode: Mode, share: float | None) -> list[tuple[int, int, float]]:
        """(name, place in the pool, score) of every name of every spelling, best first."""
        scores = pool.scores(mode, self.settings.dense if share is None else share).tolist()
        normal = names.form(pool.mention)

        def key(entry: tuple[int, int, float]) -> tuple[float, int, int, int]:
            name, place, score = entry
            written = 3
            if pool.exact[place]:
                term = self.names.terms.text(name)
                written = 0 if term == pool.mention else 1 if names.form(term) == normal else 2
            return -score, written, -int(self._sizes[self.names.concept[name]]), name

        members = self.names.members
        entries = [
            (name, place, scores[place]) for place, form in enumerate(pool.forms) for name in members[form].tolist()
        ]
        return sorted(entries, key=key)

    def _candidate(self, pool: Pool, name: int, place: int, score: float) -> Candidate:
        return Candidate(
            concept_id=self.names.concept_id(name),
            term=self.names.terms.text(name),
            score=score,
            language=self.names.languages.text(int(self.names.language[name])),
            how=pool.how(place),
            lexical=round(float(pool.lexical[place]), DIGITS),
            dense=None if pool.dense is None else round(float(pool.dense[place]), DIGITS),
            concept=int(self.names.concept[name]),
        )

    def _checked(self, mode: Mode | None) -> Mode:
        if mode is not None and mode not in self.modes:
            hint = did_you_mean(mode, self.modes) if self._encode else "it needs vectors and the model that made them"
            raise MedencError(f"this dictionary does not link in mode '{mode}'", where=self.path, hint=hint)
        return mode or self.modes[0]

    def _embedded(self, mentions: Sequence[str]) -> np.ndarray:
        return unit(np.asarray(self._verified_encode(mentions), np.float32)) if mentions else np.empty((0, 0))

    @cached_property
    def _verified_encode(self) -> Encode:
        """`encode`, if it still gives the first name the vector it had. Raises: MedencError when it does not."""
        encode, vectors, model = self._encode, self._vectors, self.settings.model
        assert encode is not None and vectors is not None and model is not None, self.modes  # noqa: PT018
        again = unit(np.asarray(encode([self.names.spelling(0)]), np.float32))[0]
        same = again.shape == vectors.data.shape[1:] and vectors.scores(again, np.zeros(1, np.int64))[0] > SAME_MODEL
        if not same:
            raise MedencError(
                "this is not the model that made the dictionary's vectors",
                where=self.path,
                hint=f"open {model.path}, or build the dictionary again",
            )
        return encode

    @cached_property
    def _words(self) -> Callable[[Sequence[str]], list[list[str]]]:
        return dictionary.words(dictionary.analyzer_of(self.path, self.settings))

    @cached_property
    def _members(self) -> Ragged:
        """The names of each concept, ascending."""
        return names.grouped(self.names.concept, len(self.names.concepts))

    @cached_property
    def _sizes(self) -> np.ndarray:
        """How many names each concept has, (m,)."""
        return np.bincount(self.names.concept)


def evidence(mention: str, found: Sequence[Candidate]) -> list[float]:
    """What `abstention.FEATURES` names, for a mention and its candidates, best first."""
    if not found:
        return [0.0, 0.0, 0.0, 0.0, 0.0, math.log1p(len(mention))]
    best, second = found[0], found[1].score if len(found) > 1 else 0.0
    exact = float(best.how == "exact")
    return [best.score, best.score - second, exact, best.lexical, best.dense or 0.0, math.log1p(len(mention))]
