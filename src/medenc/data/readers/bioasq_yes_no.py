"""BioASQ's yes/no questions, each beside every one of its contexts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.plugins import Plugin
from medenc.data.bioasq import ContextKind, contexts_of, read_documents, to_yes_no
from medenc.data.examples import Labelled
from medenc.data.readers.bioasq import Bioasq
from medenc.data.reading import Rejects


class BioasqYesNo(Plugin):
    """The official `{"questions": […]}`, or JSON lines of snippets and labels; a question is decided by its `group`."""

    gives: ClassVar[type] = Labelled
    encoding: str = "utf-8"
    contexts: ContextKind = "snippet"
    documents: Path | None = None  # as for `bioasq_squad`

    def read(self, path: Path, rejects: Rejects) -> Iterator[Labelled]:
        """Yield a pair of question and context for each context."""
        documents = read_documents(self.documents, self.contexts)
        for question in Bioasq(encoding=self.encoding).read(path, rejects):
            if question.kind == "yesno":
                yield from to_yes_no(question, contexts_of(question, self.contexts, documents))
