"""Evidence: verbatim sentences that answer a question, with probabilities, or the statement that there is no answer.

No model reads the sentences: one that holds the question's rare terms, in a document that holds the rest of them, is
the better evidence the higher the document stands. `calibrate` turns that into probabilities.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from medenc.core.errors import MedencError
from medenc.core.options import Options
from medenc.data.examples import Question
from medenc.text.windows import sentences

Features = tuple[float, float, float]


class Calibration(Options):
    """Numbers of two logistic functions.

    A sentence answers with probability s(weights * features + bias); the question has an answer with probability
    s(slope * logit + offset), where logit is the first function's for the best sentence. That tells a subject that the
    documents do not treat (area under the curve 0.99 on CMRC 2018), and not a detail that a fitting document leaves out
    (chance on the bundled sample).

    Source: `python benchmarks/evidence.py src/medenc/sample/questions.json cmrc2018_trial.json`, fitted on all.
    """

    weights: Features = (6.95, 1.05, 5.26)
    bias: float = -10.51
    slope: float = 2.38
    offset: float = 6.07


@dataclass(frozen=True)
class Source:
    """A document that was found, as evidence sees it."""

    id: str
    text: str
    shift: int  # where `text` begins in the document's content
    terms: np.ndarray  # (m, 3) term, start, end in the content


@dataclass(frozen=True)
class Sentence:
    """A sentence of a document: where it is, and what speaks for it.

    Features: the share of the question's weight in its terms, the same for its whole document, and 1 / rank.
    """

    source: Source
    start: int
    end: int
    features: Features

    @property
    def text(self) -> str:
        """The sentence itself."""
        return self.source.text[self.start : self.end]


@dataclass(frozen=True)
class Found:
    """A verbatim answer; `start` and `end` are character offsets into the text of the document `id`."""

    text: str
    start: int
    end: int
    id: str
    probability: float


@dataclass(frozen=True)
class Answers:
    """The best answers to a question, and the probability that there is none."""

    question: str
    answers: list[Found]
    no_answer_probability: float

    def to_json(self) -> dict[str, Any]:
        """The documented form."""
        return asdict(self)


def candidates(question: Mapping[int, float], unknown: float, sources: Iterable[Source]) -> list[Sentence]:
    """The sentences of the documents, which come best first.

    Args:
        question: the weight of each of the question's known terms, by its number.
        unknown: the weight of the terms that no document has.
        sources: the documents.
    """
    total = sum(question.values()) + unknown
    if total <= 0:  # not a term in it
        return []
    ranked = enumerate(sources, 1)
    return [sentence for rank, source in ranked for sentence in _sentences(source, rank, question, total)]


def answer(question: str, found: Sequence[Sentence], calibration: Calibration, top: int) -> Answers:
    """The `top` most probable sentences; without any, there is surely no answer."""
    if not found:
        return Answers(question, [], 1.0)
    logits = _logits(found, calibration)
    order = np.argsort(-logits, kind="stable")[:top]
    none = 1 - float(_logistic(calibration.slope * logits[order[0]] + calibration.offset))
    answers = [
        Found(found[i].text, found[i].start, found[i].end, found[i].source.id, float(_logistic(logits[i])))
        for i in order
    ]
    return Answers(question, answers, none)


def calibrate(questions: Iterable[tuple[Question, Sequence[Sentence]]]) -> Calibration:
    """Fit the calibration on questions with their candidates; an answer is right in its own context only.

    Raises: MedencError when there are no questions with, or none without an answer among their candidates.
    """
    asked = [(found, [_answers(sentence, question) for sentence in found]) for question, found in questions if found]
    answered = np.array([any(right) for _, right in asked], dtype=float)
    if not 0 < answered.sum() < len(answered):
        raise MedencError("expected questions with and without an answer", where="questions")
    features = np.array([sentence.features for found, _ in asked for sentence in found])
    *weights, bias = _fitted(features, np.array([one for _, right in asked for one in right], dtype=float)).tolist()
    fitted = Calibration(weights=(weights[0], weights[1], weights[2]), bias=bias)
    highest = np.array([[_logits(found, fitted).max()] for found, _ in asked])
    slope, offset = _fitted(highest, answered).tolist()
    return fitted.model_copy(update={"slope": slope, "offset": offset})


def _answers(sentence: Sentence, question: Question) -> bool:
    """Whether a sentence holds (a part of) an answer."""
    return sentence.source.text == question.context and any(
        answer.start < sentence.end and sentence.start < answer.start + len(answer.text) for answer in question.answers
    )


def _sentences(source: Source, rank: int, question: Mapping[int, float], total: float) -> Iterator[Sentence]:
    terms = source.terms[np.isin(source.terms[:, 0], list(question))]
    whole = _share(terms, question, total)
    for start, end in sentences(source.text):
        inside = terms[(terms[:, 1] >= start + source.shift) & (terms[:, 2] <= end + source.shift)]
        features = (_share(inside, question, total), whole, 1 / rank)
        yield Sentence(source, start, end, features)


def _share(terms: np.ndarray, question: Mapping[int, float], total: float) -> float:
    return sum(question[term] for term in set(terms[:, 0].tolist())) / total


def _logits(found: Sequence[Sentence], calibration: Calibration) -> np.ndarray:
    features = np.array([sentence.features for sentence in found])
    return features @ np.array(calibration.weights) + calibration.bias


def _logistic(logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logit))


def _fitted(features: np.ndarray, right: np.ndarray, penalty: float = 1.0, rounds: int = 30) -> np.ndarray:
    """Weights and bias (f + 1,) of a logistic regression with an L2 penalty on the weights, by Newton's method."""
    x = np.column_stack([features, np.ones(len(features))])
    ridge = np.diag([*[penalty] * features.shape[1], 1e-6])
    weights = np.zeros(x.shape[1])
    for _ in range(rounds):
        p = _logistic(x @ weights)
        hessian = (x * (p * (1 - p))[:, None]).T @ x + ridge
        weights -= np.linalg.solve(hessian, x.T @ (p - right) + ridge @ weights)
    return weights
