"""Whether a passage holds an answer: DPR's top-k accuracy, for languages that do not part their words by spaces."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from medenc.core.errors import MedencError
from medenc.data.records import Passage, Query
from medenc.data.switching import end_of_word
from medenc.metrics.ranking import Run
from medenc.text.analyzer import Analyzer
from medenc.text.normalize import normalize
from medenc.text.scripts import script
from medenc.text.terms import is_net

FIELD = "answers"  # of a query's metadata: the texts that answer it
_MEASURE = re.compile(r"AnswerSuccess@([1-9]\d*)")


def cutoff(measure: str) -> int | None:
    """k of `AnswerSuccess@k`; None for a measure of another kind."""
    found = _MEASURE.fullmatch(measure)
    return int(found[1]) if found else None


class Matcher:
    """Finds answers in texts as words of their own.

    Case, width, composed accents, Traditional characters and the spaces between Korean or Chinese words make no
    difference. A Korean answer may carry a particle (고혈압 in 고혈압은) or stand in a compound that the analyzer
    parts, a Chinese one may stand anywhere in a sentence, and a number is no part of a longer one (10 is not in 100,
    10.5 or 1,010).

    Source: the task is `has_answer` of Karpukhin et al. (DPR), EMNLP 2020, whose rule, equal runs of letters and
    digits, finds no Korean answer with a particle and no Chinese one inside a sentence. Titles are not searched, as
    there.
    """

    def __init__(self, analyzer: Analyzer | None = None) -> None:
        self._analyzer = analyzer or Analyzer()
        self._borders = lru_cache(maxsize=1024)(self._word_borders)

    def holds(self, text: str, answers: Sequence[str]) -> bool:
        """Whether `text` has one of the answers; an answer without a letter or digit is in nothing."""
        text = _normal(text)
        return any(self._holds(text, answer) for answer in map(_normal, answers) if any(map(str.isalnum, answer)))

    def _holds(self, text: str, answer: str) -> bool:
        return any(self._whole(text, *found.span()) for found in _pattern(answer).finditer(text))

    def _whole(self, text: str, start: int, end: int) -> bool:
        """Whether a place lies between borders of words; the analyzer, which is slow, is asked last."""
        return end_of_word(text, start, end) is not None or {start, end} <= self._borders(text)

    def _word_borders(self, text: str) -> frozenset[int]:
        spans = [(term.start, term.end) for term in self._analyzer.terms(text) if not is_net(term.text)]
        return frozenset(place for span in [*spans, *self._analyzer.particles(text)] for place in span)


def success(
    queries: Sequence[Query],
    passages: Mapping[str, Passage],
    run: Run,
    cutoffs: Sequence[int],
    matcher: Matcher | None = None,
) -> dict[str, dict[str, float]]:
    """`AnswerSuccess@k` -> query_id -> 1 when one of the first k passages holds an answer, else 0.

    Raises: MedencError for a query whose metadata has no answers, and for a passage that is not there.
    """
    matcher, ranks = matcher or Matcher(), dict[str, float]()
    for query in queries:
        answers, hits = answers_of(query), run.get(query.id, [])[: max(cutoffs)]
        if unknown := [id_ for id_, _ in hits if id_ not in passages]:
            raise MedencError(f"the run has a passage that the data has not: {unknown[0]}", where=f"query {query.id}")
        holding = (rank for rank, (id_, _) in enumerate(hits, 1) if matcher.holds(passages[id_].text, answers))
        ranks[query.id] = next(holding, float("inf"))
    return {f"AnswerSuccess@{k}": {id_: float(rank <= k) for id_, rank in ranks.items()} for k in cutoffs}


def answers_of(query: Query) -> list[str]:
    """The texts that answer a query. Raises: MedencError when its metadata has none."""
    found = query.metadata.get(FIELD)
    answers = [found] if isinstance(found, str) else found
    if not isinstance(answers, list) or not answers or not all(isinstance(answer, str) for answer in answers):
        raise MedencError(
            f"no list of texts under '{FIELD}' in the metadata",
            where=f"query {query.id}",
            hint="AnswerSuccess needs answers; Success@k goes by the judged passages",
        )
    return answers


def _normal(text: str) -> str:
    return " ".join(normalize(text).text.lower().split())


@lru_cache(maxsize=4096)
def _pattern(answer: str) -> re.Pattern[str]:
    """The answer with optional spaces where Korean or Chinese words meet, and no digit going on at its ends."""
    words = answer.split()
    parts = [re.escape(words[0])]
    for left, right in pairwise(words):
        parts.append((" ?" if _unspaced(left[-1]) and _unspaced(right[0]) else " ") + re.escape(right))
    before = r"(?<!\d)(?<!\d[.,])" if words[0][0].isdigit() else ""
    after = r"(?![.,]?\d)" if words[-1][-1].isdigit() else ""
    return re.compile(before + "".join(parts) + after)


def _unspaced(character: str) -> bool:
    return script(character) in ("hangul", "han")
