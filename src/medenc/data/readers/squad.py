"""SQuAD 1.1 and 2.0, and what is laid out as they are: KorQuAD, CMRC 2018, COVID-QA, BioASQ as SQuAD."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.documents import Row, each, exact_text, json_document, rows_under, whole_number
from medenc.data.examples import Answer, Question
from medenc.data.placing import placed
from medenc.data.reading import RecordError, Rejects, identifier, text_field


class Squad(Plugin):
    """One JSON document; the number in an error is the question's, from 1. Titles and answers may be missing."""

    gives: ClassVar[type] = Question
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Question]:
        """Yield every question; an answer that cannot be placed is only compared with, not learned from."""
        number = 1
        for title, paragraph in _paragraphs(json_document(path, self.encoding), path):
            questions = paragraph.get("qas")
            if not isinstance(questions, list):
                rejects.add(path, number, "a paragraph without its list 'qas'")
                continue

            def parse(place: int, row: Row, title: str = title, paragraph: Row = paragraph) -> list[Question]:
                return once(question(place, row, title, paragraph, path, rejects), rejects)

            yield from each(path, questions, rejects, parse, number)
            number += len(questions)


def _paragraphs(document: Any, path: Path) -> Iterator[tuple[str, Row]]:
    articles = document.get("data") if isinstance(document, dict) else None
    if not isinstance(articles, list):
        raise MedencError("no list 'data'", where=path, hint='SQuAD: {"data": [{"title", "paragraphs": [...]}]}')
    for place, article in enumerate(articles):
        try:
            if not isinstance(article, dict) or "paragraphs" not in article:
                raise RecordError("no list 'paragraphs'")
            title = article.get("title")
            for paragraph in rows_under(article, "paragraphs"):
                yield title if isinstance(title, str) else "", paragraph
        except RecordError as error:
            raise MedencError(str(error), where=f"{path}, data[{place}]") from None


def question(number: int, row: Row, title: str, paragraph: Row, path: Path, rejects: Rejects) -> Question:
    """The question in `row` about the context in `paragraph`. Raises: RecordError."""
    context, id_ = exact_text(paragraph, "context"), identifier(row, "id")
    given = _answers(row)
    impossible = row.get("is_impossible") is True
    if impossible and given:
        raise RecordError("marked impossible, yet it has an answer")
    places = [(placed(context, text, start, rejects.parts, path, number)) for text, start in given]
    answers = tuple(Answer(context[span[0] : span[1]], span[0]) for span in places if span)
    accepted = tuple(text for text, _ in given)
    return Question(id_, text_field(row, "question"), context, answers, accepted, impossible, title)


def once(found: Question, rejects: Rejects) -> list[Question]:
    """The question, unless the same one was there before. Raises: RecordError when its id stood for another."""
    seen = (found.question, found.context, found.answers, found.accepted)
    return [] if rejects.repeated(found.id, seen) else [found]


def _answers(row: Row) -> list[tuple[str, int]]:
    """Answers as SQuAD lists them, or as two parallel lists (Hugging Face, LinkBERT)."""
    given = row.get("answers")
    if isinstance(given, dict):
        texts, starts = given.get("text"), given.get("answer_start")
        if not isinstance(texts, list) or not isinstance(starts, list) or len(texts) != len(starts):
            raise RecordError("'text' and 'answer_start' are not lists of one length")
        items = [{"text": text, "answer_start": start} for text, start in zip(texts, starts, strict=True)]
    else:
        items = rows_under(row, "answers")
    return [(exact_text(item, "text"), whole_number(item, "answer_start")) for item in items]
