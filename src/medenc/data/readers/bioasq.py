"""BioASQ task B: questions with snippets and golden answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.bioasq import KINDS, BioasqQuestion, Snippet
from medenc.data.documents import Row, each, json_document, json_records
from medenc.data.reading import RecordError, Rejects, identifier, text_field


class Bioasq(Plugin):
    """The official `{"questions": […]}`, or JSON lines (`.jsonl`) of `{id, question, snippets, label}` for yes/no."""

    gives: ClassVar[type] = BioasqQuestion
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[BioasqQuestion]:
        """Yield the questions, answered or not (test batches)."""
        if path.name.removesuffix(".gz").endswith(".jsonl"):
            return json_records(path, rejects, _question, self.encoding)
        document = json_document(path, self.encoding)
        if not isinstance(document, dict) or not isinstance(document.get("questions"), list):
            raise MedencError("no list 'questions'", where=path)
        return each(path, document["questions"], rejects, _question)


def _question(_: int, row: Row) -> list[BioasqQuestion]:
    kind = row.get("type", "yesno")
    if kind not in KINDS:
        raise RecordError(f"'type' is none of {', '.join(KINDS)}")
    answer = row.get("exact_answer", row.get("label"))
    snippets = tuple(_snippet(item) for item in row.get("snippets") or [])
    documents = tuple(str(item) for item in row.get("documents") or [])
    entries, decision = _entries(kind, answer), ""
    if kind == "yesno" and answer is not None:
        decision = _decision(answer)
    return [
        BioasqQuestion(
            identifier(row, "id"), kind, text_field(row, "body", "question"), snippets, documents, entries, decision
        )
    ]


def _snippet(item: Any) -> Snippet:
    if isinstance(item, str):
        return Snippet(item)
    if isinstance(item, dict) and isinstance(item.get("text"), str):
        return Snippet(item["text"], str(item.get("document", "")))
    raise RecordError("a snippet without text")


def _entries(kind: str, answer: Any) -> tuple[tuple[str, ...], ...]:
    """Answers as entries of synonyms: a factoid has one entry, however its synonyms are nested; a list has several."""
    if kind not in ("factoid", "list") or answer is None:
        return ()
    given = answer if isinstance(answer, list) else [answer]
    nested = [item if isinstance(item, list) else [item] for item in given]
    if not all(isinstance(text, str) for entry in nested for text in entry):
        raise RecordError("'exact_answer' holds something else than strings")
    entries = tuple(tuple(text for text in entry if text.strip()) for entry in nested)
    entries = tuple(entry for entry in entries if entry)
    if kind == "factoid" and entries:
        return (tuple(dict.fromkeys(text for entry in entries for text in entry)),)
    return entries


def _decision(answer: Any) -> str:
    said = (answer[0] if isinstance(answer, list) and answer else answer) or ""
    word = said.strip().lower().rstrip(".") if isinstance(said, str) else ""
    if word not in ("yes", "no"):
        raise RecordError("a yes/no question whose answer is neither")
    return word
