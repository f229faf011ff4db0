"""BioASQ questions, and their form as SQuAD examples and yes/no pairs.

Nobody has published the conversion that BioBERT and its successors trained on; this one follows what is known of it.
Source: Yoon et al. 2022, SeqTagQA (matching rules); Lee et al. 2019, BioBERT (ids of 28 characters, one question a
context). Every synonym that is found becomes an answer, where theirs keeps one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from medenc.core.errors import MedencError
from medenc.data.examples import Answer, Labelled, Question
from medenc.data.placing import folded_occurrences, occurrences
from medenc.data.reading import Rejects
from medenc.data.records import Passage
from medenc.data.sources import read_passages
from medenc.text.windows import sentences

KINDS = ("factoid", "list", "yesno", "summary")
ContextKind = Literal["snippet", "surrounding", "abstract"]
AROUND = 2  # sentences on either side of a snippet, as in BioBERT's "appended snippets"
MAX_CONTEXTS = 1000  # an id has three digits for the context


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of an abstract that the experts marked; `document` is the address it was cut from."""

    text: str
    document: str = ""


@dataclass(frozen=True, slots=True)
class BioasqQuestion:
    """A question of task B; `entries` are its answers, each with synonyms, `decision` is yes, no or empty."""

    id: str
    kind: str
    question: str
    snippets: tuple[Snippet, ...] = ()
    documents: tuple[str, ...] = ()
    entries: tuple[tuple[str, ...], ...] = ()
    decision: str = ""


@dataclass(frozen=True)
class Conversion:
    """SQuAD questions, and how many pairs of question and context had no answer in the context."""

    questions: list[Question] = field(default_factory=list)
    n_pairs: int = 0
    n_unmatched: int = 0


def snippet_contexts(question: BioasqQuestion) -> list[tuple[str, str]]:
    """(title, text) of every snippet as it is, each text once."""
    return [("", text) for text in dict.fromkeys(s.text for s in question.snippets) if text.strip()]


def document_contexts(question: BioasqQuestion, documents: Mapping[str, Passage]) -> list[tuple[str, str]]:
    """(title, title and abstract) of every cited document; `documents` is keyed by PubMed id.

    Raises: MedencError for a document that is not there.
    """
    cited = dict.fromkeys(pubmed_id(d) for d in (*question.documents, *(s.document for s in question.snippets)) if d)
    if missing := [id_ for id_ in cited if id_ not in documents]:
        raise MedencError(f"no document {missing[0]}", where=f"BioASQ question {question.id}", hint="fetch it first")
    return [(documents[id_].title, documents[id_].content) for id_ in cited]


def surrounding_contexts(
    question: BioasqQuestion, documents: Mapping[str, Passage], around: int = AROUND
) -> list[tuple[str, str]]:
    """(title, text) of every snippet with `around` sentences of its abstract on either side, each text once.

    A snippet that does not stand in its abstract word for word is given as it is.
    """
    found = [
        (documents[id_].title, _surrounded(documents[id_].content, snippet.text, around))
        if (id_ := pubmed_id(snippet.document)) in documents
        else ("", snippet.text)
        for snippet in question.snippets
        if snippet.text.strip()
    ]
    return list({text: (title, text) for title, text in found}.values())


def contexts_of(question: BioasqQuestion, kind: ContextKind, documents: Mapping[str, Passage]) -> list[tuple[str, str]]:
    """(title, text) of every context of a question."""
    if kind == "snippet":
        return snippet_contexts(question)
    give = surrounding_contexts if kind == "surrounding" else document_contexts
    return give(question, documents)


def read_documents(path: Path | None, kind: ContextKind) -> dict[str, Passage]:
    """The abstracts by their PubMed ids; none are needed for snippets. Raises: MedencError when they are missing."""
    if kind == "snippet":
        return {}
    if path is None:
        raise MedencError(
            f"contexts = '{kind}' needs the abstracts",
            where="documents",
            hint="JSON lines of {id, title, text}, the id being PubMed's",
        )
    rejects = Rejects()
    found = {passage.id: passage for passage in read_passages([path], rejects)}
    rejects.finish()
    return found


def to_squad(
    questions: Iterable[tuple[BioasqQuestion, Sequence[tuple[str, str]]]], *, keep_unmatched: bool
) -> Conversion:
    """Factoid and list questions with their contexts as one SQuAD question a context.

    Args:
        questions: each with its contexts (title, text).
        keep_unmatched: keep pairs whose context holds no answer: for test sets, where all must be answered. They have
            `answers` () and are not marked impossible. For training leave it False: they are left out and counted.
    """
    kept: list[Question] = []
    n_pairs = n_unmatched = 0
    for question, contexts in questions:
        if question.kind not in ("factoid", "list"):
            continue
        if len(contexts) > MAX_CONTEXTS:
            raise MedencError(f"more than {MAX_CONTEXTS} contexts", where=f"BioASQ question {question.id}")
        for place, (title, context) in enumerate(contexts):
            answers = find_answers(context, question.entries)
            n_pairs += 1
            n_unmatched += not answers
            if answers or keep_unmatched:
                kept.append(_squad(question, place, title, context, answers))
    return Conversion(kept, n_pairs, n_unmatched)


def to_yes_no(question: BioasqQuestion, contexts: Sequence[tuple[str, str]]) -> list[Labelled]:
    """A pair of question and context each; they are decided together, by `group`."""
    return [
        Labelled(_id(question, place), question.question, question.decision or None, context, question.id)
        for place, (_, context) in enumerate(contexts)
    ]


def find_answers(context: str, entries: Sequence[Sequence[str]]) -> tuple[Answer, ...]:
    """The first mention of every synonym that stands in the context as words of its own, longest synonym first.

    A mention is no part of one already taken: `IL-6` is not found in `IL-6 receptor` where that is an answer too.

    A synonym with a capital inside (`BRCA1`, `siRNA`: symbols) must agree in case, others need not. What is not found
    so is looked for without regard to width, typographic hyphens and composed accents.
    """
    synonyms = dict.fromkeys(text.strip() for entry in entries for text in entry if text.strip())
    found: dict[tuple[int, int], Answer] = {}
    for synonym in sorted(synonyms, key=len, reverse=True):
        for span in _mentions(context, synonym):
            if _is_word(context, *span) and not any(span[0] < end and start < span[1] for start, end in found):
                found[span] = Answer(context[slice(*span)], span[0])
                break
    return tuple(found[span] for span in sorted(found))


def pubmed_id(document: str) -> str:
    """`12345` of `http://www.ncbi.nlm.nih.gov/pubmed/12345`."""
    return document.rstrip("/").rpartition("/")[2]


def _surrounded(content: str, snippet: str, around: int) -> str:
    spans = occurrences(content, snippet.strip()) or folded_occurrences(content, snippet.strip())
    if not spans:
        return snippet
    cuts = sentences(content)
    touched = [place for place, (start, end) in enumerate(cuts) if start < spans[0][1] and spans[0][0] < end]
    first, last = max(0, touched[0] - around), min(len(cuts) - 1, touched[-1] + around)
    return content[cuts[first][0] : cuts[last][1]]


def _mentions(context: str, synonym: str) -> list[tuple[int, int]]:
    exact = occurrences(context, synonym)
    if any(_is_word(context, *span) for span in exact) or re.search(r"\S[A-Z]", synonym):
        return exact
    return folded_occurrences(context, synonym)


def _is_word(text: str, start: int, end: int) -> bool:
    """Whether a span is not cut out of a longer Latin word or number; other scripts have no such boundary."""
    before, after = text[max(0, start - 1) : start + 1], text[end - 1 : end + 1]
    return not _INSIDE.fullmatch(before) and not _INSIDE.fullmatch(after)


def _squad(question: BioasqQuestion, place: int, title: str, context: str, answers: tuple[Answer, ...]) -> Question:
    accepted = tuple(text for entry in question.entries for text in entry)
    return Question(_id(question, place), question.question, context, answers, accepted, title=title, group=question.id)


def _id(question: BioasqQuestion, place: int) -> str:
    return f"{question.id}_{place:03d}"


_INSIDE = re.compile(r"[^\W_]{2}", re.ASCII)
