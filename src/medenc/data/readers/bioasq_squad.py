"""BioASQ's factoid and list questions, each beside every one of its contexts, as SQuAD has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from medenc.core.plugins import Plugin
from medenc.data.bioasq import ContextKind, contexts_of, read_documents, to_squad
from medenc.data.examples import Question
from medenc.data.readers.bioasq import Bioasq
from medenc.data.reading import Rejects


class BioasqSquad(Plugin):
    """The official `{"questions": […]}`; `group` of a row is the question that its context belongs to.

    Contexts are snippets as they are, with two sentences on either side, or whole abstracts; for the last two,
    `documents` holds the abstracts with their PubMed ids. A context that holds no answer teaches nothing and is left
    out, unless `keep_unmatched`, as for test sets.
    """

    gives: ClassVar[type] = Question
    encoding: str = "utf-8"
    kind: Literal["factoid", "list"] = "factoid"
    contexts: ContextKind = "snippet"
    documents: Path | None = None
    keep_unmatched: bool = False

    def read(self, path: Path, rejects: Rejects) -> Iterator[Question]:
        """Yield a question for each context."""
        documents = read_documents(self.documents, self.contexts)
        for question in Bioasq(encoding=self.encoding).read(path, rejects):
            if question.kind != self.kind:
                continue
            made = to_squad(
                [(question, contexts_of(question, self.contexts, documents))], keep_unmatched=self.keep_unmatched
            )
            for _ in range(0 if self.keep_unmatched else made.n_unmatched):
                rejects.filtered("a context that holds none of the answers")
            yield from made.questions
