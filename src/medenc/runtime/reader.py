"""Answers out of texts with a finished question answering model: verbatim, with their place and a probability."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medenc.core.errors import MedencError
from medenc.data.examples import Question
from medenc.decoding.answers import Answered, Candidate
from medenc.runtime.predictor import Predictor
from medenc.tasks.extractive_qa import ExtractiveQa
from medenc.text.windows import sentences

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Extract:
    """An answer: `start` and `end` are characters of the text of document `id`, `sentence` those of its sentence."""

    text: str
    start: int
    end: int
    id: str
    probability: float
    sentence: Span


@dataclass(frozen=True, slots=True)
class Extracts:
    """The best answers to a question, none where it is likelier that the texts do not answer it."""

    question: str
    answers: list[Extract]
    no_answer_probability: float

    def to_json(self) -> dict[str, Any]:
        """The documented form."""
        answers = [{**asdict(answer), "sentence": list(answer.sentence)} for answer in self.answers]
        return {
            "question": self.question,
            "answers": answers,
            "no_answer_probability": self.no_answer_probability,
        }


class Reader:
    """A model that was trained for `extractive_qa`."""

    def __init__(self, predictor: Predictor) -> None:
        if not isinstance(predictor.task, ExtractiveQa):
            raise MedencError(
                f"this model does not read texts for answers, it was trained for {predictor.facts['use']}",
                where=predictor.path,
                hint="name a model of the task extractive_qa",
            )
        self.predictor = predictor

    @classmethod
    def open(cls, folder: Path | str, backend: str | None = None, threads: int | None = None) -> Reader:
        """Open a model folder; the arguments are those of `Predictor.open`."""
        return cls(Predictor.open(folder, backend, threads))

    def read(self, question: str, documents: Sequence[tuple[str, str]], top: int = 3) -> Extracts:
        """Read documents whole, in windows, and give the `top` most probable answers, which do not overlap.

        The probability of no answer is the least of any document: one that answers is enough. Above one half no answer
        is given.

        Args:
            documents: id and text of each, best first; of equally probable answers the first document's comes first.
        """
        texts = [(id_, text) for id_, text in documents if text.strip()]
        rows = [Question(id_, question, text) for id_, text in texts]
        # What a model with `most_windows` leaves unread is its task's choice, and no warning at every question.
        found = self.predictor.predict_rows(rows, "truncate").predictions if question.strip() else []
        none = min((one.no_answer_probability for one in found), default=1.0)
        if none > 0.5:
            return Extracts(question, [], none)
        ranked = [list(_extracts(id_, text, one)) for (id_, text), one in zip(texts, found, strict=True)]
        return Extracts(question, list(_merged(ranked))[:top], none)


def _extracts(id_: str, text: str, found: Answered) -> Iterator[Extract]:
    """The candidates of one document, best first, without those that overlap a better one."""
    taken: list[Candidate] = []
    cuts = sentences(text)
    for one in found.candidates:
        if not any(one.start < other.end and other.start < one.end for other in taken):
            taken.append(one)
            yield Extract(one.text, one.start, one.end, id_, one.probability, _sentence(cuts, one))


def _merged(ranked: Sequence[Sequence[Extract]]) -> Iterator[Extract]:
    """Of the documents' next extracts the most probable one, again and again: each document keeps its order."""
    waiting = [list(own) for own in ranked if own]
    while waiting:
        best = max(waiting, key=lambda own: own[0].probability)  # of equal ones the first
        yield best.pop(0)
        waiting = [own for own in waiting if own]


def _sentence(cuts: Sequence[Span], answer: Candidate) -> Span:
    """From the beginning of the first sentence that an answer touches to the end of the last."""
    touched = [(start, end) for start, end in cuts if start < answer.end and answer.start < end]
    return (touched[0][0], touched[-1][1]) if touched else (answer.start, answer.end)
