"""Raw text to token shards that pre-training reads: words and terms marked, rows packed, documents linked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field
from tokenizers import Tokenizer

from medenc.core.artifact import Draft
from medenc.core.errors import MedencError
from medenc.core.files import sha256
from medenc.core.plugins import Plugin
from medenc.data import ernie_pair, preparing
from medenc.data.corpus import files
from medenc.data.link_graph import declared, similar
from medenc.data.links import Graph
from medenc.data.rejects import Rejects
from medenc.data.shards import KIND, SPECIALS, Shards
from medenc.data.sources import read_names


class Prepare(Plugin):
    """Writes token shards; a killed run goes on by itself when it is started again."""

    kind: ClassVar[str] = KIND
    version: ClassVar[int] = 1

    files: list[Path] = Field(min_length=1)  # JSON lines, plain text, BEIR folders, folders of those
    tokenizer: Path  # a folder with tokenizer.json: of `step.tokenizer`, a model or a checkpoint
    terms: Path | None = None  # a terminology, whose names are words and marked as terms
    max_tokens: int = Field(default=512, ge=8)  # of a row, special tokens included
    across_documents: bool = False  # rows go on with the next document, after [SEP]
    morphemes: bool = False  # Korean words are morphemes, not what stands between spaces
    links: Literal["none", "explicit", "similar"] = "none"  # between documents: as they declare, or by TF-IDF
    link_field: str = "links"  # where a document declares the ids of those that it links to or cites
    neighbours: int = Field(default=5, ge=1)  # of each document, for `similar`
    ernie_pair: bool = False  # also write the rows as ERNIE-Health's `pair_ids.npy` and `pair_idx.npz`
    max_bad: Annotated[float, Field(ge=0, le=1)] = 0.01  # share of bad lines up to which the run goes on
    encoding: str = "utf-8"
    workers: int = Field(default=1, ge=1)  # processes; the result is the same

    def run(self, draft: Draft) -> None:
        """Fill `draft.folder` with the shards and count what became of every document."""
        tokenizer_file = self.tokenizer / "tokenizer.json"
        tokenizer = _tokenizer(tokenizer_file)
        rejects, work = Rejects(self.max_bad), draft.target.with_name(f"{draft.target.name}.parts")
        plan = preparing.Plan(tokenizer.to_str(), self._terms(), self.morphemes, self._field())
        prepared = preparing.prepare(
            files(self.files), plan, work, rejects, workers=self.workers, encoding=self.encoding
        )
        rejects.finish()
        shards = prepared.write(draft.folder, self.max_tokens - SPECIALS, across=self.across_documents)
        if (linked := self._links(prepared)) is not None:
            graph, draft.numbers["links"] = linked
            graph.save(draft.folder)
        draft.facts["shards"] = {
            "shards": shards,
            "vocab_size": tokenizer.get_vocab_size(),
            "max_tokens": self.max_tokens,
            "separator": _separator(tokenizer, tokenizer_file),
            "tokenizer": sha256(tokenizer_file),
        }
        corpus = Shards(draft.folder, draft.facts["shards"])
        if self.ernie_pair:
            ernie_pair.write(draft.folder / "pair", corpus, tokenizer)
        draft.numbers |= {"data": rejects.report(), **_sizes(corpus)}
        preparing.remove(work)

    def smoke(self) -> Self:
        """Short rows: the stand-in data are small."""
        return self.model_copy(update={"max_tokens": min(self.max_tokens, 64), "workers": 1})

    def _terms(self) -> tuple[str, ...]:
        return tuple(name.term for name in read_names(self.terms)) if self.terms else ()

    def _field(self) -> str | None:
        return self.link_field if self.links == "explicit" else None

    def _links(self, prepared: preparing.Prepared) -> tuple[Graph, dict[str, Any]] | None:
        if self.links == "explicit":
            return declared(prepared.parts, prepared.stands)
        if self.links == "similar":
            graph = similar(preparing.kept_documents(prepared), self.neighbours)
            return graph, {"kept": len(graph.targets)}
        return None


def _tokenizer(file: Path) -> Tokenizer:
    if not file.is_file():
        raise MedencError("no such file", where=file, hint="give the folder of a tokenizer or a model")
    return Tokenizer.from_file(str(file))


def _separator(tokenizer: Tokenizer, file: Path) -> int:
    """The id that ends every text."""
    if not (ids := tokenizer.encode("").ids):
        raise MedencError("the tokenizer adds no special tokens", where=file, hint="it needs a post-processor")
    return int(ids[-1])


def _sizes(corpus: Shards) -> dict[str, Any]:
    lengths = corpus.documents.lengths
    return {
        "documents": len(lengths),
        "tokens": int(lengths.sum()),
        "rows": len(corpus),
        "filled": round(float(np.mean(corpus.lengths)) / corpus.max_tokens, 4) if len(corpus) else 0.0,
        **corpus.counts(),
    }
