"""The index: documents on disk that are found by their words, by their meaning, and by both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from medenc.core.errors import MedencError, did_you_mean
from medenc.data.examples import Question
from medenc.data.records import Name, Passage, Qrels, Query
from medenc.search import evidence, fusion, settings, snapshot, synonyms
from medenc.search.analysis import Windows, rows
from medenc.search.answer import Answer, Clock
from medenc.search.documents import empty, from_arrow, updated
from medenc.search.fusion import Fusion, Scores
from medenc.search.lexical import Bm25
from medenc.search.metadata import column_types
from medenc.search.settings import Model, Settings
from medenc.search.store import OutdatedError, Store, disk_errors
from medenc.search.view import View
from medenc.search.writer import Writer, describe, opened, writing
from medenc.text.analyzer import Analyzer

MODES = ("hybrid", "dense", "lexical")
EVIDENCE_DOCUMENTS = 10  # hits whose sentences may answer a question
QUERY_BLOCK = 256  # queries scored together: memory is their number times the documents


class Encoder(Protocol):
    """What an index needs of its model; `runtime.embedder.Embedder` has it."""

    @property
    def fingerprint(self) -> str:
        """Names what decides a vector."""

    def encode_query(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors (n, d) of queries."""

    def windows(self, texts: Sequence[str]) -> Windows:
        """Windows of documents, with their vectors."""


OpenEncoder = Callable[[Path], Encoder]


class Index:
    """An index folder. Readers never wait: each search answers from exactly one version of the documents."""

    def __init__(self, path: Path, encoder: OpenEncoder | None = None) -> None:
        """See `open`."""
        self.path, self._open_encoder = path, encoder
        self.settings = settings.read(path)
        self.analyzer = settings.analyzer_of(path, self.settings)
        self._view = View(opened(path, self._dimension), self.settings)
        self._terminology = synonyms.Terminology(path) if self.settings.terminology else None

    @classmethod
    def create(
        cls,
        path: Path,
        analyzer: Analyzer,
        model: Model | None = None,
        encoder: OpenEncoder | None = None,
        lexical: Bm25 | None = None,
        weights: Fusion | None = None,
        names: Sequence[Name] = (),
    ) -> Index:
        """A new, empty index; `names` explain hits by synonyms. Raises: MedencError when there is one at `path`."""
        if (path / settings.FILE).exists():
            raise MedencError("there is an index already", where=path, hint="open it, or delete it first")
        with disk_errors(path):
            path.mkdir(parents=True, exist_ok=True)
        dimension = model.dimension if model else 0
        with writing(path, dimension) as writer:
            writer.store.create()
            kept = Settings(
                analyzer=analyzer.to_json(),
                model=model,
                lexical=lexical or Bm25(),
                fusion=weights or Fusion(),
                terminology=synonyms.write(path, names) if names else {},
            )
            settings.write(path, kept)
            writer.commit(empty(dimension), lambda: None)
        return cls(path, encoder)

    @classmethod
    def open(cls, path: Path, encoder: OpenEncoder | None = None) -> Index:
        """Open an index.

        Args:
            path: the folder.
            encoder: opens the model at a path; it is called when vectors are first needed. Without it, dense and
                hybrid searches need the query's vector.

        Raises: MedencError when there is no index, or when another analyzer or another format made it.
        """
        return cls(path, encoder)

    def __len__(self) -> int:
        return len(self._now().documents)

    @property
    def modes(self) -> tuple[str, ...]:
        """The ways in which this index can be searched, the best first."""
        return MODES if self.settings.model else ("lexical",)

    def info(self) -> dict[str, Any]:
        """What the index is: size, version, ways to search, the dense search's recall, model and settings."""
        view, kept = self._now(), self.settings
        return {
            "documents": len(view.documents),
            "version": view.snapshot.version,
            "modes": list(self.modes),
            "recall": view.snapshot.lists.recall if view.snapshot.lists else 1.0,
            "analyzer": kept.analyzer["version"],
            **kept.model_dump(include={"model", "lexical", "fusion"}),
        }

    def add(self, passages: Iterable[Passage]) -> dict[str, int]:
        """Add documents, all or none; a known id is replaced. Of one id twice in `passages`, the last one counts.

        Returns: how many were `added`, `replaced`, `duplicates` within `passages`, and `documents` now.
        """
        given = list(passages)
        batch = list({passage.id: passage for passage in given}.values())
        with writing(self.path, self._dimension) as writer:
            known = writer.documents().ids
            replaced = sum(known.find(passage.id) is not None for passage in batch)
            if batch:
                self._upsert(writer, batch, replaces=replaced > 0)
        counts = {"added": len(batch) - replaced, "replaced": replaced, "duplicates": len(given) - len(batch)}
        return {**counts, "documents": len(self)}

    def delete(self, ids: Iterable[str]) -> int:
        """Remove documents, all or none; an unknown id is no mistake. Returns how many there were.

        Their text stays in files of earlier versions until `compact`.
        """
        with writing(self.path, self._dimension) as writer:
            old = writer.documents()
            gone = {row: id_ for id_ in ids if (row := old.ids.find(id_)) is not None}
            if gone:
                rest = updated(old, empty(self._dimension), gone)
                writer.commit(rest, lambda: writer.store.delete(list(gone.values())))
        return len(gone)

    def compact(self) -> None:
        """Write everything anew: no byte of a deleted or replaced document is left in any file."""
        with writing(self.path, self._dimension) as writer:
            writer.commit(writer.documents(), writer.store.rewrite)
            writer.commit(writer.documents(), writer.store.forget)  # no reader looks at the old versions any more

    def verify(self) -> list[str]:
        """What is damaged: files that are not as they were written, or columns that differ from the table's."""
        files = snapshot.damaged(self.path) + settings.damaged(self.path, self.settings)
        if files:
            return files
        documents, table = self._now().documents, from_arrow(self._store.rows(), self._dimension)
        return [f"{name} differs from the table" for name in documents.differing(table)]

    def search(
        self,
        query: str,
        top: int = 10,
        mode: str | None = None,
        where: str | None = None,
        vector: np.ndarray | None = None,
    ) -> Answer:
        """The best documents for a query.

        Args:
            query: any text; an empty one finds nothing, and one without a letter or digit nothing by its words.
            top: how many hits at most.
            mode: `lexical`, `dense` or `hybrid`; None is the best that the index can do.
            where: an SQL condition on id, title, text and metadata, such as `language = 'ko' AND year > 2020`.
            vector: the query's vector (d,), for callers that have it.

        Raises: MedencError for a mode the index has not, a condition it does not understand, or another model.
        """
        vectors = None if vector is None else vector[None]
        return self.search_batch([query], top, mode, where, vectors)[0]

    def search_batch(
        self,
        queries: Sequence[str],
        top: int = 10,
        mode: str | None = None,
        where: str | None = None,
        vectors: np.ndarray | None = None,
    ) -> list[Answer]:
        """What `search` gives for each query, from one version of the documents; encoded and compared together.

        `timing_ms` is that of the whole batch.
        """
        clock, mode = Clock(), self._mode(mode, top)
        view, allowed = self._filtered(where)
        clock.lap("filter")
        analysed = [[term.text for term in terms] for terms in self.analyzer.terms_batch(queries)]
        clock.lap("analyze")
        encoded = None
        if mode != "lexical":
            encoded = self._vectors(queries, vectors)
            clock.lap("encode")
        scored = view.scored(analysed, encoded, words=mode != "dense", exact=allowed is not None)
        found = [
            (terms, view.rank(scores, top if query.strip() else 0, allowed))
            for query, (terms, scores) in zip(queries, scored, strict=True)
        ]
        clock.lap("rank")
        own_vectors = [None] * len(queries) if encoded is None else encoded
        hits = [view.hits(ranking, terms, vector) for (terms, ranking), vector in zip(found, own_vectors, strict=True)]
        if self._terminology:
            hits = [self._terminology.explain(query, own) for query, own in zip(queries, hits, strict=True)]
        clock.lap("hits")
        return [Answer(query, mode, own, clock.timing()) for query, own in zip(queries, hits, strict=True)]

    def search_many(
        self, queries: Sequence[Query], top: int = 10, mode: str | None = None
    ) -> dict[str, list[tuple[str, float]]]:
        """A run for evaluation: query id -> (document id, score), best first; the hits of `search`, faster.

        It looks at every document, also where a search does not: `info()["recall"]` says what that leaves out.
        """
        view, mode = self._now(), self._mode(mode, top)
        run = {}
        for query, scores in self._scored(view, queries, mode):
            ranking = view.rank(scores, top if query.text.strip() else 0)
            ids = [view.documents.ids.text(int(row)) for row in ranking.rows]
            run[query.id] = list(zip(ids, ranking.total.tolist(), strict=True))
        return run

    def compared(
        self, queries: Sequence[Query], top: int, mode: str, named: Mapping[str, Iterable[str]]
    ) -> Iterator[tuple[Query, list[tuple[str, float]], dict[str, float]]]:
        """Each query with its best documents, as `search_many` gives them, and the scores of those that are `named`.

        Raises: MedencError when a named document is not in the index.
        """
        view, mode = self._now(), self._mode(mode, top)
        for query, scores in self._scored(view, queries, mode):
            ranking, wanted = view.rank(scores, top), sorted(named[query.id])
            ids = [view.documents.ids.text(int(row)) for row in ranking.rows]
            hits = list(zip(ids, ranking.total.tolist(), strict=True))
            yield query, hits, dict(zip(wanted, view.totals(scores, wanted).tolist(), strict=True))

    def document(self, id_: str) -> Passage | None:
        """The document of an id."""
        view = self._now()
        row = view.documents.ids.find(id_)
        return None if row is None else view.passage(row)

    def sampled(self, most: int) -> tuple[list[Passage], np.ndarray]:
        """At most `most` documents, evenly spread over the ids, and the mean of each one's vectors (m, d)."""
        view = self._now()
        rows = np.unique(np.linspace(0, len(view.documents) - 1, min(most, len(view.documents))).astype(np.int64))
        vectors = np.zeros((len(rows), self._dimension), np.float32)
        if self._dimension:
            vectors[:] = [view.documents.vectors[int(row)].mean(0) for row in rows]
        return [view.passage(int(row)) for row in rows], vectors

    def ask(self, question: str, top: int = 3) -> evidence.Answers:
        """Verbatim sentences that answer a question, and the probability that the documents do not answer it."""
        return evidence.answer(question, self.candidates(question), self.settings.evidence, top)

    def candidates(self, question: str) -> list[evidence.Sentence]:
        """The sentences of the best documents for a question, which `ask` chooses from."""
        view = self._now()
        ((_, scores),) = self._scored(view, [Query("", question)], self.modes[0], exact=False)
        best = view.rank(scores, EVIDENCE_DOCUMENTS).rows
        forms = [term.text for term in self.analyzer.terms(question)]
        known, unknown = view.lexical.weights(forms)
        return evidence.candidates(known, unknown, [view.source(int(row)) for row in best])

    def tune(self, queries: Sequence[Query], qrels: Qrels, measure: str = "nDCG@10") -> Fusion:
        """Choose the share of the dense score on judged queries, and keep it; see `fusion.tune`."""
        view = self._now()
        scored = ((query.id, scores) for query, scores in self._scored(view, queries, "hybrid"))
        found = fusion.tune(scored, view.documents.ids.texts(), qrels, self.settings.fusion, measure)
        self._keep(self.settings.model_copy(update={"fusion": found}))
        return found

    def calibrate(self, questions: Iterable[Question]) -> evidence.Calibration:
        """Fit the probabilities of `ask` on questions with and without an answer, and keep them."""
        found = evidence.calibrate([(question, self.candidates(question.question)) for question in questions])
        self._keep(self.settings.model_copy(update={"evidence": found}))
        return found

    @property
    def _dimension(self) -> int:
        return self.settings.model.dimension if self.settings.model else 0

    @cached_property
    def _store(self) -> Store:
        return Store(self.path / snapshot.TABLE_FILES)

    @cached_property
    def _encoder(self) -> Encoder:
        """The model of the vectors. Raises: MedencError when it was not given, or is another one."""
        model = self.settings.model
        if model is None or self._open_encoder is None:
            raise MedencError("its model is needed for this", where=self.path, hint="open the index with its model")
        encoder = self._open_encoder(Path(model.path))
        if encoder.fingerprint != model.fingerprint:
            raise MedencError(
                "its vectors come from another model",
                where=self.path,
                hint=f"open it with the model that was at {model.path}, or {settings.AGAIN}",
            )
        return encoder

    def _now(self) -> View:
        """The documents in force; a version that cannot be read, or of another index, leaves those that are open."""
        name = snapshot.current_name(self.path)
        if name is not None and name != self._view.snapshot.name and self._is_still_here():
            self._view = View(opened(self.path, self._dimension), self.settings)
        return self._view

    def _is_still_here(self) -> bool:
        """Whether the folder holds what was opened; an index of another model or analyzer may have taken its place."""
        now = settings.read(self.path)
        return (now.model, now.analyzer) == (self.settings.model, self.settings.analyzer)

    def _filtered(self, where: str | None) -> tuple[View, np.ndarray | None]:
        """The documents in force, and which of them a condition allows: all of one version."""
        if where is None:
            return self._now(), None
        for _ in range(snapshot.ATTEMPTS):
            view = self._now()
            try:
                return view, view.rows(self._store.matching(where, view.snapshot.version))
            except OutdatedError:
                if snapshot.current_name(self.path) == view.snapshot.name:
                    raise
        raise snapshot.restless(self.path)

    def _mode(self, mode: str | None, top: int) -> str:
        if top < 1:
            raise MedencError(f"expected at least 1, found {top}", where="top")
        if mode is not None and mode not in MODES:
            raise MedencError(f"no such mode: '{mode}'", where="mode", hint=did_you_mean(mode, MODES))
        if mode is not None and mode not in self.modes:
            raise MedencError(f"it has no vectors for {mode} search", where=self.path, hint="index again with --model")
        return mode or self.modes[0]

    def _vectors(self, queries: Sequence[str], given: np.ndarray | None = None) -> np.ndarray:
        vectors = self._encoder.encode_query(queries) if given is None else given
        if vectors.shape != (len(queries), self._dimension):
            raise MedencError(
                f"expected a vector of {self._dimension} numbers, found {vectors.shape[1:]}", where="vector"
            )
        return vectors

    def _scored(
        self, view: View, queries: Sequence[Query], mode: str, *, exact: bool = True
    ) -> Iterator[tuple[Query, Scores]]:
        """Each query with its scores."""
        for start in range(0, len(queries), QUERY_BLOCK):
            block = queries[start : start + QUERY_BLOCK]
            texts = [query.text for query in block]
            analysed = self.analyzer.terms_batch(texts) if mode != "dense" else [[]] * len(block)
            forms = [[term.text for term in terms] for terms in analysed]
            vectors = self._vectors(texts) if mode != "lexical" else None
            scored = view.scored(forms, vectors, words=mode != "dense", exact=exact)
            for query, (_, scores) in zip(block, scored, strict=True):
                yield query, scores

    def _upsert(self, writer: Writer, batch: Sequence[Passage], *, replaces: bool) -> None:
        kinds = column_types(batch, writer.store.columns())
        encode = self._encoder.windows if self.settings.model else None
        new = rows(batch, kinds, self.analyzer, self.settings.model, encode)
        documents = updated(writer.documents(), from_arrow(new, self._dimension))
        writer.commit(documents, lambda: writer.store.upsert(new, replaces=replaces))

    def _keep(self, changed: Settings) -> None:
        """Make other settings the index's own."""
        with writing(self.path, self._dimension):
            settings.write(self.path, changed)
            describe(self.path, len(self))
        self.settings, self._view = changed, View(self._view.snapshot, changed)
