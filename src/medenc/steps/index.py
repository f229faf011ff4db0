"""Build an index from documents."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self, cast

from medenc.core.artifact import Draft
from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.examples import Question
from medenc.data.readers.squad import Squad
from medenc.data.reading import Rejects
from medenc.data.retrieval import load_beir
from medenc.data.sources import read_names, read_passages
from medenc.runtime.embedder import Embedder
from medenc.search.fusion import Fusion
from medenc.search.index import Index
from medenc.search.lexical import Bm25
from medenc.search.settings import Model
from medenc.text.analyzer import Analyzer


class IndexStep(Plugin):
    """An index for lexical search and, with a model, for dense and hybrid search."""

    kind: ClassVar[str] = "index"
    version: ClassVar[int] = 1

    files: list[Path]  # JSON lines, BEIR folders, plain text
    model: Path | None = None
    dimension: int | None = None  # leading numbers of the vectors, of those the model was trained for; all by default
    terms: Path | None = None  # a terminology: its words are kept whole, its synonyms explain hits
    lexical: Bm25 = Bm25()
    fusion: Fusion = Fusion()
    tune: Path | None = None  # a BEIR folder; the share of the dense score is chosen on its dev split
    questions: Path | None = None  # SQuAD 2.0 with unanswerable questions; they calibrate `ask`

    def run(self, draft: Draft) -> None:
        """Fill `draft.folder` with the index and `draft.numbers` with counts and what was tuned."""
        index, rejects = (
            create(draft.folder, self.model, self.terms, self.lexical, self.fusion, self.dimension),
            Rejects(),
        )
        draft.numbers |= index.add(read_passages(self.files, rejects))
        rejects.finish()
        draft.numbers["data"] = rejects.report()
        if self.tune is not None and self.model is not None:
            judged = load_beir(self.tune, "dev")
            draft.numbers["fusion"] = index.tune(judged.queries, judged.qrels).model_dump()
        if self.questions is not None:
            asked = cast("list[Question]", list(Squad().read(self.questions, Rejects())))
            draft.numbers["evidence"] = index.calibrate(asked).model_dump()

    def smoke(self) -> Self:
        """The same: the stand-in data are small."""
        return self


def create(
    folder: Path,
    model: Path | None,
    terms: Path | None,
    lexical: Bm25,
    fusion: Fusion,
    dimension: int | None = None,
) -> Index:
    """A new, empty index for a model and the words of a terminology."""
    names = read_names(terms) if terms else []
    embedder = Embedder.open(model) if model else None
    if dimension is not None:
        if embedder is None:
            raise MedencError("an index without a model has no vectors", where="dimension")
        embedder = embedder.leading(dimension)
    return Index.create(
        folder,
        Analyzer([name.term for name in names]),
        described(embedder) if embedder else None,
        (lambda _: embedder) if embedder else None,
        lexical,
        fusion,
        names,
    )


def described(embedder: Embedder) -> Model:
    """What an index remembers of its model."""
    return Model(
        path=str(embedder.path.resolve()),
        fingerprint=embedder.fingerprint,
        dimension=embedder.dimension,
        similarity=embedder.facts.similarity,
    )
