"""Answers cut out of a context: SQuAD 1.1 and 2.0, MRQA, CMRC, and BioASQ by way of its snippets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from tokenizers import Tokenizer

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.examples import Answer, Question
from medenc.decoding import answers, batches, bioasq, shared_words
from medenc.decoding.answers import Answered, Beam, Calibration, Candidate, Reading, Window
from medenc.decoding.best_sentences import NONE, Spans, ranked_sentences
from medenc.decoding.confidence import amid, fit_calibration
from medenc.decoding.contexts import Place, Windows
from medenc.decoding.contract import Arrays, Feature
from medenc.decoding.inputs import fields, records
from medenc.decoding.strides import StrideIs
from medenc.metrics.answers import best_threshold, compare, summarize
from medenc.metrics.counts import Counts
from medenc.text.windows import sentences

HEADS = {"start_end": "start_end", "joint": "joint_span"}


class ExtractiveQa(Plugin):
    """Spans from start and end scores over all windows of the context, with a score for "no answer".

    The defaults are those of LinkBERT's and Hugging Face's program; Google's is `doc_stride_is = "step"` with
    `max_context`, and `head = "joint"` is the head of ELECTRA's own program.
    """

    together: ClassVar[bool] = False

    no_answer: bool = True  # whether a context may hold no answer (SQuAD 2.0)
    head: Literal["start_end", "joint"] = "start_end"
    dropout: float = Field(default=0.1, ge=0, lt=1)
    doc_stride: int = Field(default=128, ge=1)
    doc_stride_is: StrideIs = "overlap"
    max_context: bool = False  # a span begins only in the window that sees its first token best
    learn: Literal["first", "each"] = "first"  # mentions of answers that are learned: one a window, or all (lists)
    include_unknowns: float = Field(default=1.0, ge=0, le=1)  # share of windows without an answer that are learned from
    mark_shared: bool = False  # words of the question are marked in the context that the model reads
    mark_sentences: int = Field(default=0, ge=0)  # and so many sentences, those most like the question
    most_windows: int | None = Field(default=None, ge=1)  # of a context that are read: those with such sentences
    choose: answers.Choice = "likeliest"  # of the spans: or that of the highest expected F1, for long answers
    n_best: int = Field(default=20, ge=1)
    max_answer_tokens: int = Field(default=30, ge=1)
    threshold: float = 0.0  # of the null score, above which the answer is that there is none; tuned on dev data
    calibration: Calibration = Calibration()
    unit: Literal["word", "character"] = "word"  # of F1: characters for Korean and Chinese
    merge: Literal["", "factoid", "list"] = ""  # BioASQ: contexts of one question (`group`) are answered together
    list_threshold: float = Field(default=0.42, ge=0, lt=1)  # of the mean probability: BioBERT's for 7b, 0.3 for 8b

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.mark_sentences and not self.mark_shared:
            raise ValueError("mark_sentences marks sentences beside words: set mark_shared = true")
        if self.choose == "expected_f1" and self.merge:
            raise ValueError(f"merge = '{self.merge}' ranks answers by probability: leave choose out")
        if self.most_windows and self.max_context:
            raise ValueError("max_context needs every window that sees a token: leave it or most_windows out")
        return self

    @property
    def main_measure(self) -> str:
        """F1 over questions; BioASQ's own measure where contexts are merged."""
        return {"": "f1", "factoid": "mrr", "list": "list_f1"}[self.merge]

    @property
    def added_tokens(self) -> tuple[str, ...]:
        """None."""
        return ()

    def head_options(self, labels: Sequence[str]) -> dict[str, Any]:  # noqa: ARG002 - part of the contract
        """The head that scores starts and ends."""
        return {"use": HEADS[self.head], "dropout": self.dropout}

    def labels_of(self, rows: Sequence[Question]) -> list[str]:
        """None: an answer is a place."""
        records(rows, Question, "extractive_qa")
        return []

    def features(
        self,
        rows: Sequence[Question],
        tokenizer: Tokenizer,
        labels: Sequence[str],  # noqa: ARG002 - part of the contract
        max_tokens: int,
        *,
        learn: bool = False,
    ) -> tuple[list[Feature], dict[str, int]]:
        """The windows of every context; a question that leaves no room for it is refused.

        With `learn`, a window is taught the first answer that lies whole in it, or position 0 (`[CLS]`) for none.
        """
        windows = Windows(tokenizer, max_tokens, self.doc_stride, self.doc_stride_is, self.most_windows)
        rows = records(rows, Question, "extractive_qa")
        words, likest = self._like_the_questions(rows)
        taught = self.learn if learn else None
        features, counts = windows.features(rows, likest, learn=taught, unknowns=self.include_unknowns)
        if not self.mark_shared:
            return features, counts
        marked = [spans[: self.mark_sentences] for spans in likest]
        return shared_words.in_contexts(features, rows, words, marked), counts

    def segments(self, labels: Sequence[str]) -> tuple[int, ...]:  # noqa: ARG002 - part of the contract
        """Words of the question in the context; with sentences those of the first, its words, and the others' two."""
        return (1,) * (5 if self.mark_sentences else self.mark_shared)

    def _like_the_questions(self, rows: Sequence[Question]) -> tuple[shared_words.Words, Sequence[Spans]]:
        """The words of questions and contexts, and the contexts' sentences, best first; empty where nobody asks."""
        if not (self.mark_shared or self.most_windows):
            return {}, [NONE] * len(rows)
        words = shared_words.words_of([text for row in rows for text in (row.question, row.context)])
        return words, ranked_sentences(rows, words) if self.mark_sentences or self.most_windows else [NONE] * len(rows)

    def collate(self, features: Sequence[Feature], pad_id: int) -> Arrays:
        """Padded windows; `start`, `end` and `impossible` (batch,) when learning."""
        return batches.stack(features, pad_id) | batches.gold(features)

    def read(self, outputs: Arrays, feature: Feature, labels: Sequence[str]) -> Window:  # noqa: ARG002
        """The best spans of a window, and its null score."""
        inside, _, owned = Place(*feature.memory)
        offsets, beam = feature.offsets[inside], Beam(tokens=self.max_answer_tokens, kept=self.n_best)
        owned = owned if self.max_context else np.ones_like(owned)
        starts = outputs["start_logits"]
        if self.head == "joint":
            chosen = outputs["start_places"] - inside.start
            ends = outputs["end_logits"][:, inside]
            spans = answers.best_joint_spans(starts[inside], chosen, ends, offsets, owned, beam)
            return Window(spans, float(outputs["impossible"]))
        ends = outputs["end_logits"]
        spans = answers.best_spans(starts[inside], ends[inside], offsets, owned, beam)
        return Window(spans, float(starts[0] + ends[0]))

    def readings(self, found: Sequence[Window], features: Sequence[Feature], n_rows: int) -> list[Reading]:
        """What the windows of each row say together."""
        of_row: list[list[Window]] = [[] for _ in range(n_rows)]
        for window, feature in zip(found, features, strict=True):
            of_row[feature.row].append(window)
        return [answers.pooled(windows, self.n_best, relative=self.head == "start_end") for windows in of_row]

    def decode(
        self,
        found: Sequence[Window],
        features: Sequence[Feature],
        rows: Sequence[Question],
        labels: Sequence[str],  # noqa: ARG002 - part of the contract
    ) -> list[Answered]:
        """The best span over all windows, or no answer, with the other candidates."""
        threshold = self.threshold if self.no_answer else None
        readings = self.readings(found, features, len(rows))
        return [
            answers.answered(reading, row.context, threshold, self.calibration, self.choose)
            for reading, row in zip(readings, rows, strict=True)
        ]

    def tuned(self, found: Sequence[Window], features: Sequence[Feature], rows: Sequence[Question]) -> Self:
        """The same task with the threshold of the best F1, and probabilities that are true, on development rows."""
        readings = self.readings(found, features, len(rows))
        right = [tuple((answer.start, answer.end) for answer in row.answers) for row in rows]
        changes: dict[str, Any] = {"calibration": fit_calibration(readings, right, no_answer=self.no_answer)}
        if self.no_answer:
            calibration = changes["calibration"]
            best = [
                answers.answered(reading, row.context, None, calibration, self.choose).text
                for row, reading in zip(rows, readings, strict=True)
            ]
            nulls = {place: reading.null for place, reading in enumerate(readings)}
            found_at = best_threshold(_accepted(rows), dict(enumerate(best)), nulls, unit=self.unit).value
            changes["threshold"] = amid(list(nulls.values()), found_at)
        return self.model_copy(update=changes)

    def gold(self, row: Question) -> Answered:
        """The answers in the context, all for a list and the first else; the accepted strings where none is in it."""
        if row.impossible:
            return answers.SILENT
        placed = row.answers or tuple(Answer(text, 0) for text in row.accepted)
        if not placed:
            raise MedencError("a question without an answer that is not marked impossible", where=f"question {row.id}")
        kept = placed if self.merge == "list" else placed[:1]
        candidates = tuple(Candidate(answer.text, answer.start, answer.end, 1.0) for answer in kept)
        return Answered(kept[0].text, kept[0].start, kept[0].end, candidates, 0.0, 0.0)

    def score(
        self,
        rows: Sequence[Question],
        predictions: Sequence[Answered],
        labels: Sequence[str],  # noqa: ARG002 - part of the contract
    ) -> dict[str, float]:
        """EM and F1, over all questions and over those with and without an answer; BioASQ's measures where merged.

        EM and F1 are of each question and context, as the model cards of BioM-Transformers give them.
        """
        gold = _accepted(rows)
        values = compare(gold, {place: found.text for place, found in enumerate(predictions)}, self.unit)
        scores = summarize(gold, values)
        if self.merge == "factoid":
            scores |= bioasq.factoid_scores(rows, predictions)
        elif self.merge == "list":
            scores |= bioasq.list_scores(rows, predictions, self.list_threshold)
        return scores

    def right(self, row: Question, prediction: Answered) -> bool:
        """Whether it is one of the accepted answers."""
        return compare(_accepted([row]), {0: prediction.text}, self.unit)["exact"][0] == 1.0

    def sure(self, prediction: Answered) -> float:
        """The probability of the answer that was given, or of there being none."""
        return prediction.candidates[0].probability if prediction.text else prediction.no_answer_probability

    def by_label(
        self,
        rows: Sequence[Question],  # noqa: ARG002 - part of the contract
        predictions: Sequence[Answered],  # noqa: ARG002
        labels: Sequence[str],  # noqa: ARG002
    ) -> dict[str, Counts]:
        """Empty: there are no labels."""
        return {}

    def baseline(self, train: Sequence[Question], rows: Sequence[Question]) -> tuple[str, list[Answered]]:  # noqa: ARG002
        """The sentence with most of the question's pairs of characters."""
        return "the sentence most like the question", [_likest_sentence(row) for row in rows]

    def to_json(self, prediction: Answered) -> dict[str, Any]:
        """The answers with their places, best first, and the probability that there is none."""
        found = [
            {"text": one.text, "start": one.start, "end": one.end, "probability": one.probability}
            for one in prediction.candidates
        ]
        return {
            "answer": prediction.text,
            "answers": found,
            "no_answer_probability": prediction.no_answer_probability,
        }

    def row(self, id_: str, value: str | Mapping[str, Any]) -> Question:
        """`{"question": …, "context": …}`."""
        given = fields(id_, value, ("question", "context"))
        return Question(id_, given["question"], given["context"])

    def probes(self, texts: Sequence[str]) -> list[str | dict[str, Any]]:
        """Each text as the context of the beginning of the next."""
        return [
            {"question": other[:12] or "?", "context": text}
            for text, other in zip(texts, [*texts[1:], *texts[:1]], strict=True)
        ]


def _accepted(rows: Sequence[Question]) -> dict[int, Sequence[str]]:
    """The accepted answers by place, not by id: a sample of the bootstrap holds a question more than once."""
    texts = (() if row.impossible else row.accepted or tuple(a.text for a in row.answers) for row in rows)
    return dict(enumerate(texts))


def _likest_sentence(row: Question) -> Answered:
    """The first of the sentences that share most pairs of characters with the question."""
    asked = {row.question[place : place + 2].lower() for place in range(len(row.question) - 1)}

    def shared(span: tuple[int, int]) -> int:
        return len(asked & {row.context[place : place + 2].lower() for place in range(span[0], span[1] - 1)})

    found = sentences(row.context)
    if not found:
        return answers.SILENT
    start, end = max(found, key=shared)
    text = row.context[start:end]
    return Answered(text, start, end, (Candidate(text, start, end, 1.0),), 0.0, 0.0)
