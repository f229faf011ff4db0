"""Answers cut out of a context: the best spans of every window, pooled, and whether there is an answer at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from medenc.core.options import Options
from medenc.decoding.probabilities import sigmoid, softmax

NO_SPAN = (0, 0)
Choice = Literal["likeliest", "expected_f1"]


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of a context with the model's score for them: the sum of a start and an end logit."""

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Window:
    """What one window says: its best spans, and its score for "there is no answer here"."""

    spans: tuple[Span, ...]
    null: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What all windows say together, the best span first; `null` is above 0 when "no answer" scores higher."""

    spans: tuple[Span, ...]
    null: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible answer, word for word from the context."""

    text: str
    start: int
    end: int
    probability: float


@dataclass(frozen=True, slots=True)
class Answered:
    """The prediction for one question: `text` is empty where the answer is that there is none.

    `candidates` are the best spans, with probabilities that add up to at most 1 together with `no_answer_probability`.
    """

    text: str
    start: int
    end: int
    candidates: tuple[Candidate, ...]
    null_score: float
    no_answer_probability: float


SILENT = Answered("", *NO_SPAN, (), 0.0, 1.0)
"""The perfect prediction for a question that its context does not answer."""


class Calibration(Options):
    """How scores become probabilities: 1 / (1 + exp(-slope · null - offset)) that there is no answer, and the spans'
    share of the rest by softmax of score / temperature. The defaults are the model's own softmax."""

    slope: float = 1.0
    offset: float = 0.0
    temperature: float = 1.0


@dataclass(frozen=True, slots=True)
class Beam:
    """Which spans of a window are looked at, and how many of them are kept."""

    starts: int = 20
    ends: int = 20
    tokens: int = 30  # the longest answer
    kept: int = 20


def best_spans(
    starts: np.ndarray, ends: np.ndarray, offsets: np.ndarray, owned: np.ndarray, beam: Beam
) -> tuple[Span, ...]:
    """The spans of one window from independent start and end logits.

    Args:
        starts, ends: (n,) logits of the context's tokens.
        offsets: (n, 2) the tokens' characters.
        owned: (n,) bool: whether a span may begin at the token.
    """
    first = _top(np.where(owned, starts, -np.inf), beam.starts)
    last = np.tile(_top(ends, beam.ends), (len(first), 1))
    scores = np.where(owned, starts, -np.inf)[first][:, None] + ends[last]
    return _spans(np.repeat(first[:, None], last.shape[1], axis=1), last, scores, offsets, beam)


def best_joint_spans(
    starts: np.ndarray, chosen: np.ndarray, ends: np.ndarray, offsets: np.ndarray, owned: np.ndarray, beam: Beam
) -> tuple[Span, ...]:
    """The spans of one window from a head whose end logits depend on the start.

    Args:
        starts: (n,) start logits of the context's tokens.
        chosen: (beam,) the tokens that the head took as starts; those outside [0, n) are left out.
        ends: (beam, n) end logits given each of them.
        offsets, owned: as for `best_spans`.

    Source: Clark et al. 2020 (ELECTRA), whose question answering head this is.
    """
    chosen = chosen.astype(np.int64)
    inside = (chosen >= 0) & (chosen < len(starts))
    first, ends = chosen[inside], ends[inside]
    last = np.argsort(-ends, axis=1, kind="stable")[:, : beam.ends]
    scores = np.where(owned, starts, -np.inf)[first][:, None] + np.take_along_axis(ends, last, axis=1)
    return _spans(np.repeat(first[:, None], last.shape[1], axis=1), last, scores, offsets, beam)


def pooled(windows: Iterable[Window], n_best: int, *, relative: bool) -> Reading:
    """The `n_best` spans over all windows, and the least "no answer" of any window: one that knows is enough.

    A span that several windows see counts once, with its best score. Equal scores: the earlier, then the shorter first.

    Args:
        relative: whether the windows' null scores are on the scale of the spans', so that the best span's is taken off.
    """
    best: dict[tuple[int, int], float] = {}
    null = np.inf
    for window in windows:
        null = min(null, window.null)
        for span in window.spans:
            place = (span.start, span.end)
            best[place] = max(span.score, best.get(place, -np.inf))
    ranked = sorted((Span(*place, score) for place, score in best.items()), key=lambda s: (-s.score, s.start, s.end))
    if not ranked:
        return Reading((), np.inf)
    return Reading(tuple(ranked[:n_best]), float(null - ranked[0].score if relative else null))


def answered(
    reading: Reading, context: str, threshold: float | None, calibration: Calibration, choose: Choice = "likeliest"
) -> Answered:
    """The prediction: no answer when the null score is above `threshold`, or when there is no span at all.

    Args:
        threshold: None where every question has an answer (SQuAD 1.1); its probability of none is then 0.
        choose: which span comes first, by its own probability or by what all spans say together (`expected_f1`).
    """
    if not reading.spans:
        return Answered("", *NO_SPAN, (), reading.null, 1.0)
    none = 0.0 if threshold is None else no_answer_probability(reading.null, calibration)
    shares = span_shares(reading.spans, calibration.temperature)
    worth = expected_f1(reading.spans, shares) if choose == "expected_f1" else shares
    best_first = np.argsort(-worth, kind="stable").tolist()
    candidates = tuple(
        Candidate(context[span.start : span.end], span.start, span.end, float(shares[place] * (1 - none)))
        for place in best_first
        for span in (reading.spans[place],)
    )
    if threshold is not None and reading.null > threshold:
        return Answered("", *NO_SPAN, candidates, reading.null, none)
    best = candidates[0]
    return Answered(best.text, best.start, best.end, candidates, reading.null, none)


def no_answer_probability(null: float, calibration: Calibration) -> float:
    """The probability that the context does not answer."""
    return float(sigmoid(np.array(calibration.slope * null + calibration.offset)))


def span_shares(spans: Sequence[Span], temperature: float) -> np.ndarray:
    """The softmax of the spans' scores, (n,)."""
    return softmax(np.array([span.score for span in spans]) / temperature)


def expected_f1(spans: Sequence[Span], shares: np.ndarray) -> np.ndarray:
    """The F1 of characters that each span would have on average, if each of them were right with its share, (n,).

    A model that is sure of the place and not of the borders spreads its probability over many spans of a sentence; the
    likeliest of them is often a scrap. Source: minimum Bayes risk, Kumar and Byrne, NAACL 2004, with this gain.
    """
    start, end = np.array([(span.start, span.end) for span in spans]).T
    shared = np.minimum(end[:, None], end) - np.maximum(start[:, None], start)
    lengths = end - start
    found: np.ndarray = 2 * shared.clip(min=0) / (lengths[:, None] + lengths) @ shares
    return found


def _spans(
    first: np.ndarray, last: np.ndarray, scores: np.ndarray, offsets: np.ndarray, beam: Beam
) -> tuple[Span, ...]:
    """The best spans that run forward, are not too long and hold a character; arguments (starts, ends) each."""
    begin, end = offsets[first, 0], offsets[last, 1]
    fits = (first <= last) & (last < first + beam.tokens) & (begin < end) & np.isfinite(scores)
    found = sorted(zip(-scores[fits], begin[fits].tolist(), end[fits].tolist(), strict=True))[: beam.kept]
    return tuple(Span(start, stop, -float(score)) for score, start, stop in found)


def _top(scores: np.ndarray, n: int) -> np.ndarray:
    """Places of the `n` highest scores, best first, equal ones in order."""
    return np.argsort(-scores, kind="stable")[:n]
