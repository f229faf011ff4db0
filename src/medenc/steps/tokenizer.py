"""Learn a WordPiece vocabulary from a corpus and, where there is one, a terminology."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field
from tokenizers import Tokenizer

from medenc.core.artifact import Draft
from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.reading import Rejects
from medenc.data.sources import read_names, read_passages
from medenc.text.tokenizer import extend_wordpiece, open_wordpiece, save_tokenizer, train_wordpiece


class TokenizerStep(Plugin):
    """Writes the folder of a tokenizer that transformers loads."""

    kind: ClassVar[str] = "tokenizer"
    version: ClassVar[int] = 1

    texts: list[Path]  # JSON lines, plain text, BEIR folders
    terms: Path | None = None  # a terminology; its names join the texts
    vocab_size: int = Field(default=32_000, ge=100)
    lowercase: bool = True
    extend: Path | None = None  # a folder whose WordPiece vocabulary stays, and gets new pieces; it knows its own case

    def run(self, draft: Draft) -> None:
        """Train and save."""
        rejects = Rejects()
        tokenizer = self._learned(rejects)
        rejects.finish()
        save_tokenizer(tokenizer, draft.folder)
        draft.numbers |= {"vocab_size": tokenizer.get_vocab_size(), "data": rejects.report()}

    def smoke(self) -> Self:
        """A vocabulary of at most a thousand."""
        return self.model_copy(update={"vocab_size": min(self.vocab_size, 1000)})

    def _learned(self, rejects: Rejects) -> Tokenizer:
        if self.extend and "lowercase" in self.model_fields_set:
            raise MedencError("a vocabulary that is extended keeps its own case", where="lowercase")
        if self.extend is None:
            return train_wordpiece(self._texts(rejects), self.vocab_size, self.lowercase)
        return extend_wordpiece(open_wordpiece(self.extend), self._texts(rejects), self.vocab_size)

    def _texts(self, rejects: Rejects) -> Iterator[str]:
        for passage in read_passages(self.texts, rejects):
            yield passage.content
        if self.terms is not None:
            yield from (name.term for name in read_names(self.terms))
