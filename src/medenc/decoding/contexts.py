"""Questions about contexts as sequences that a model reads: the question whole, the context in windows."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.data.examples import Answer, Question
from medenc.decoding.contract import Feature
from medenc.decoding.pieces import Frame, Pieces, pieces
from medenc.decoding.strides import StrideIs, most_central, window_starts

LEAST_CONTEXT = 8  # tokens of context that a window must have room for


class Place(NamedTuple):
    """Where a window lies (`memory` of its feature): `inside` are its tokens that are context."""

    inside: slice
    start: int  # the first of them, counted in the whole context
    owned: np.ndarray  # (n,) bool: which of them no other window sees better


class Windows:
    """Makes features of questions."""

    def __init__(
        self, tokenizer: Tokenizer, max_tokens: int, stride: int, stride_is: StrideIs, most: int | None = None
    ) -> None:
        """With `most`, only so many windows of a context are read."""
        self.tokenizer, self.max_tokens = tokenizer, max_tokens
        self.stride, self.stride_is, self.most = stride, stride_is, most
        self.frame = Frame.of(tokenizer, pair=True)

    def features(
        self,
        rows: Sequence[Question],
        sentences: Sequence[np.ndarray],
        *,
        learn: Literal["first", "each"] | None,
        unknowns: float = 1.0,
    ) -> tuple[list[Feature], dict[str, int]]:
        """Windows of all rows, and counts: `windows`, `unread`; with `learn` also `lost`, `inexact`, `thinned`.

        Args:
            sentences: of each row's context, as `best_sentences` ranks them; they decide which windows are read.
            learn: what a window teaches; one with an answer is then read in any case.

        Of windows that would teach that there is no answer, the share `unknowns` is kept, and the rest counted as
        `thinned`: most windows of a long document hold none, and teach little else than silence.
        Source: Alberti et al., A BERT baseline for the Natural Questions, 2019 (2 %).

        `lost`: questions left out because no window holds an answer whole, or because no answer has a place.
        `inexact`: answers that begin or end inside a token, so that the whole token is learned.
        """
        questions = _each_once(self.tokenizer, [row.question for row in rows])
        texts = _each_once(self.tokenizer, [row.context for row in rows])
        found: list[Feature] = []
        lost = inexact = thinned = unread = 0
        for number, row in enumerate(rows):
            context = texts[row.context]
            whole = list(self._windows(number, row, questions[row.question], context))
            own = whole if self.most is None else likeliest(whole, sentences[number], self.most, len(context))
            if learn:
                read = {_start(window) for window in own}
                lessons = taught(whole, row, context, learn)
                lost += not lessons
                own = [window for window in lessons if _teaches_a_place(window) or _start(window) in read]
            unread += len(whole) - len({_start(window) for window in own})
            if learn:
                kept = [window for window in own if _teaches_a_place(window) or _drawn(window, unknowns)]
                thinned += len(own) - len(kept)
                own = kept
                inexact += sum(not _exact(context, answer) for answer in row.answers)
            found += own
        counts = {"lost": lost, "inexact": inexact, "thinned": thinned} if learn else {}
        return found, {"windows": len(found), "unread": unread} | counts

    def _windows(self, number: int, row: Question, question: Pieces, context: Pieces) -> Iterator[Feature]:
        room = self.max_tokens - self.frame.size - len(question)
        if room < LEAST_CONTEXT:
            raise MedencError(
                f"the question has {len(question)} tokens, which leaves too few of {self.max_tokens} for its context",
                where=f"question {row.id}",
                hint="shorten the question, or use a model that reads more tokens",
            )
        starts = window_starts(len(context), room, self.stride, self.stride_is)
        for start, owned in zip(starts, most_central(len(context), starts, room), strict=True):
            ids, types, offsets = self.frame.around(question, context[start : start + room])
            first = len(ids) - len(self.frame.special[-1]) - len(owned)
            offsets[:first] = 0  # the question's are of another text
            place = Place(slice(first, first + len(owned)), start, owned)
            yield Feature(number, row.id, ids, types, offsets, memory=place)


def likeliest(windows: Sequence[Feature], sentences: np.ndarray, most: int, length: int) -> list[Feature]:
    """At most `most` windows of a context, in order: those that see the middles of the best sentences best.

    Where these are fewer, the context's first windows are read as well. The first of all carries, as `cut`, how many of
    the context's `length` tokens none of them has.

    Args:
        sentences: (n, 2) characters, best first.
    """
    places = [Place(*window.memory) for window in windows]
    ends = [
        window.offsets[place.inside][place.owned, 1].max(initial=0)
        for window, place in zip(windows, places, strict=True)
    ]
    middles = sentences.sum(axis=1) // 2
    holding = np.searchsorted(np.maximum.accumulate(ends), middles, side="right").clip(max=len(windows) - 1)
    chosen = sorted(list(dict.fromkeys([*holding.tolist(), *range(len(windows))]))[:most])
    read = np.zeros(length, dtype=bool)
    for place in (places[number] for number in chosen):
        read[place.start : place.start + len(place.owned)] = True
    first, *others = (windows[number] for number in chosen)
    return [replace(first, cut=int((~read).sum())), *others]


def taught(
    windows: Sequence[Feature], row: Question, context: Pieces, learn: Literal["first", "each"]
) -> list[Feature]:
    """The windows of a question with what they teach: an answer that lies whole in them, or token 0 for none.

    With "each" a window comes once for every answer in it. Empty when the question has an answer and no window does.
    """
    spans = [span for answer in row.answers if (span := token_span(context, answer)) is not None]
    rows: list[Feature] = []
    answered = row.impossible
    for window in windows:
        place = Place(*window.memory)
        shift, end = place.inside.start - place.start, place.start + len(place.owned)
        held = [(first + shift, last + shift) for first, last in spans if place.start <= first and last < end]
        answered |= bool(held)
        for first, last in (held[:1] if learn == "first" else held) or [(0, 0)]:
            rows.append(replace(window, gold=_gold(first, last, impossible=row.impossible)))
    return rows if answered else []


def token_span(context: Pieces, answer: Answer) -> tuple[int, int] | None:
    """First and last token that share a character with an answer; None when none does."""
    touching = np.flatnonzero((context.offsets[:, 0] < answer.end) & (answer.start < context.offsets[:, 1]))
    return (int(touching[0]), int(touching[-1])) if len(touching) else None


def _teaches_a_place(window: Feature) -> bool:
    return bool(window.gold["end"] > 0)


def _drawn(window: Feature, share: float) -> bool:
    """The same windows every time, whatever stands beside them."""
    return zlib.crc32(f"{window.id}:{_start(window)}".encode()) < share * (1 << 32)


def _start(window: Feature) -> int:
    return Place(*window.memory).start


def _exact(context: Pieces, answer: Answer) -> bool:
    """Whether an answer begins and ends with tokens, white space around it aside."""
    span = token_span(context, answer)
    left = len(answer.text) - len(answer.text.lstrip())
    bounds = (answer.start + left, answer.start + len(answer.text.rstrip()))
    return span is not None and bounds == (context.offsets[span[0], 0], context.offsets[span[1], 1])


def _gold(first: int, last: int, *, impossible: bool) -> dict[str, np.ndarray]:
    return {"start": np.int64(first), "end": np.int64(last), "impossible": np.float32(impossible)}  # type: ignore[dict-item]


def _each_once(tokenizer: Tokenizer, texts: Sequence[str]) -> dict[str, Pieces]:
    """The pieces of every text; a long context that many questions share is tokenised once."""
    unique = list(dict.fromkeys(texts))
    return dict(zip(unique, pieces(tokenizer, unique), strict=True))
