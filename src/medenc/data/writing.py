"""Task examples as the field's files; what a reader gave comes back when it reads the file again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any

from medenc.core.errors import MedencError
from medenc.data.examples import Annotated, Question
from medenc.data.tags import encode


def squad_document(questions: Iterable[Question], version: str = "v2.0") -> dict[str, Any]:
    """SQuAD's JSON; neighbouring questions about one context share its paragraph.

    Raises: MedencError for an accepted answer that has no place: SQuAD cannot say it.
    """
    articles = []
    for title, of_title in itertools.groupby(questions, key=lambda q: q.title):
        paragraphs = [
            {"context": context, "qas": [_squad_question(q) for q in of_context]}
            for context, of_context in itertools.groupby(of_title, key=lambda q: q.context)
        ]
        articles.append({"title": title, "paragraphs": paragraphs})
    return {"version": version, "data": articles}


def conll_text(examples: Iterable[Annotated], separator: str = "-") -> str:
    """Two tab-separated columns, token and IOB2 tag, for examples that have tokens.

    Raises: MedencError for entities that overlap or do not begin and end with a token.
    """
    return "\n".join(_conll_sentence(example, separator) for example in examples)


def pubtator_text(examples: Iterable[Annotated], title_end: int | None = None) -> str:
    """PubTator's blocks, the whole text as the title unless `title_end` says where the abstract's space stands."""
    return "\n".join(_pubtator_block(example, title_end) for example in examples)


def cmeee_rows(examples: Iterable[Annotated]) -> list[dict[str, Any]]:
    """CMeEE's records: ends inclusive, as its first edition and its leaderboard have them."""
    return [
        {
            "text": example.text,
            "entities": [
                {"start_idx": e.start, "end_idx": e.end - 1, "type": e.label, "entity": example.text[e.start : e.end]}
                for e in example.entities
            ],
        }
        for example in examples
    ]


def cmeie_lines(examples: Iterable[Annotated]) -> str:
    """CMeIE's JSON lines."""
    rows = (
        {
            "text": example.text,
            "spo_list": [
                {
                    "predicate": t.predicate,
                    "subject": t.subject,
                    "subject_type": t.subject_type,
                    "object": {"@value": t.object},
                    "object_type": {"@value": t.object_type},
                }
                for t in example.triples
            ],
        }
        for example in examples
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _squad_question(question: Question) -> dict[str, Any]:
    if question.accepted and not question.answers:
        raise MedencError("an answer that has no place in its context", where=f"question {question.id}")
    return {
        "id": question.id,
        "question": question.question,
        "answers": [{"text": answer.text, "answer_start": answer.start} for answer in question.answers],
        "is_impossible": question.impossible,
    }


def _conll_sentence(example: Annotated, separator: str) -> str:
    starts = {start: place for place, (start, _) in enumerate(example.tokens)}
    ends = {end: place + 1 for place, (_, end) in enumerate(example.tokens)}
    if any(e.start not in starts or e.end not in ends for e in example.entities):
        raise MedencError("an entity that does not begin and end with a token", where=f"example {example.id}")
    chunks = [(starts[e.start], ends[e.end], e.label) for e in example.entities]
    tags = encode(chunks, len(example.tokens), separator)
    return "".join(f"{example.text[a:b]}\t{tag}\n" for (a, b), tag in zip(example.tokens, tags, strict=True))


def _pubtator_block(example: Annotated, title_end: int | None) -> str:
    end = len(example.text) if title_end is None else title_end
    rows = [f"{example.id}|t|{example.text[:end]}", f"{example.id}|a|{example.text[end + 1 :]}"]
    rows += [
        f"{example.id}\t{e.start}\t{e.end}\t{example.text[e.start : e.end]}\t{e.label}\t{e.concept_id}"
        for e in example.entities
    ]
    return "\n".join([*rows, *("\t".join([example.id, *link]) for link in example.links), ""])
