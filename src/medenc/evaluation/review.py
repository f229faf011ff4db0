"""Likely unlabelled answers as a page for a person: the question, what is known to answer it, and what may.

Unlike a report it shows texts, so that it is to be kept as the data are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from medenc.evaluation.html import frame


@dataclass(frozen=True)
class Doubt:
    """A mined negative that may answer its query; `excess` is its score above the weakest answer's."""

    query_id: str
    query: str
    passage_id: str
    passage: str
    excess: float
    answers: Sequence[str]


def page(doubts: Sequence[Doubt], sheet: str) -> str:
    """The doubts in order; `sheet` names the file that takes the verdicts."""
    head = (
        "<h1>Do these answer, too?</h1>"
        f'<p class="soft">{len(doubts):,} mined negatives, the most doubtful first. Mark those that do answer in the '
        f"first column of {escape(sheet)}, and give that file to the next mining as <b>reviewed</b>.</p>"
    )
    return frame("Mined negatives to review", [head, *(part for doubt in doubts for part in _shown(doubt))])


def _shown(doubt: Doubt) -> Iterable[str]:
    yield f"<h2>{escape(doubt.query)}</h2>"
    yield (
        f'<p class="soft">query {escape(doubt.query_id)} · passage {escape(doubt.passage_id)} · '
        f"{doubt.excess:+.4f} to the weakest answer</p>"
    )
    yield f'<p class="note warn"><b>Negative.</b> {escape(doubt.passage)}</p>'
    yield from (f'<p class="note"><b>Answer.</b> {escape(answer)}</p>' for answer in doubt.answers)
