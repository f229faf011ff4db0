"""Texts to vectors with a finished model folder; torch is needed only for a folder without an exported backend."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from medenc.core.errors import MedencError, did_you_mean
from medenc.core.progress import track
from medenc.core.vectors import unit
from medenc.decoding.folder import is_task
from medenc.runtime.folder import ROLES, ModelFacts, ModelFolder, Role, open_model
from medenc.runtime.session import Precision
from medenc.runtime.tokens import Tokenized
from medenc.runtime.tower import Tower
from medenc.runtime.windows import cut, pieces

Overflow = Literal["error", "warn", "window", "truncate"]
BLOCK_TEXTS = 2048  # texts sorted by length together; bounds the memory of a stream


@dataclass(frozen=True)
class Embedded:
    """Vectors with what the model read of each text."""

    vectors: np.ndarray  # (n, d) float32
    tokens: np.ndarray  # (n,) tokens the model read, special ones included
    truncated: np.ndarray  # (n,) tokens it did not read; 0 where the text was read whole


@dataclass(frozen=True)
class Windows:
    """Vectors of the windows of some documents, in reading order."""

    vectors: np.ndarray  # (m, d) float32
    owner: np.ndarray  # (m,) number of the document
    spans: np.ndarray  # (m, 2) characters of the window in its document, end exclusive


class Embedder:
    """An embedding model; what its folder says (pooling, prompts, similarity, limit) cannot be contradicted."""

    def __init__(self, folder: ModelFolder, towers: dict[Role, Tower], dimension: int | None = None) -> None:
        self._folder, self._towers = folder, towers
        self.fingerprint, self._dimension = folder.fingerprint, dimension or folder.facts.dimension

    @classmethod
    def open(
        cls,
        folder: Path | str,
        backend: str | None = None,
        threads: int | None = None,
        precision: Precision | None = None,
    ) -> Embedder:
        """Open a model folder.

        Args:
            folder: a finished model.
            backend: `openvino`, `onnx` or `torch`; None takes the fastest one the folder has.
            threads: processor threads; None takes all that this process may use.
            precision: `fp32` or `int8`; None takes int8 where the folder has it, which means that it was accepted.
        """
        model = open_model(folder)
        if is_task(model.path):
            raise MedencError("this model answers a task and embeds nothing", where=folder, hint="use `medenc predict`")
        opened = {
            path: Tower(path, model.facts.max_tokens, backend, threads, precision)
            for path in dict.fromkeys(model.towers.values())
        }
        return cls(model, {role: opened[path] for role, path in model.towers.items()})

    def leading(self, dimension: int) -> Embedder:
        """The same model giving the first `dimension` numbers of each vector, to unit length where it compares cosines.

        Raises: MedencError for a number that the model was not trained for.
        Source: Kusupati et al. (Matryoshka representation learning), NeurIPS 2022.
        """
        known = sorted({*self.facts.dimensions, self.facts.dimension})
        if dimension not in known:
            raise MedencError(
                f"the model was not trained for vectors of {dimension} numbers",
                where=self.path,
                hint=f"it has {', '.join(map(str, known))}",
            )
        return Embedder(self._folder, self._towers, dimension)

    def fitting(self, dimension: int) -> Embedder:
        """`leading` where the model has it, else the model as it is: an index then finds that it is another one."""
        return self.leading(dimension) if dimension in self.facts.dimensions else self

    @property
    def facts(self) -> ModelFacts:
        """What the folder says about the model."""
        return self._folder.facts

    @property
    def path(self) -> Path:
        """The model folder."""
        return self._folder.path

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return self._dimension

    @property
    def max_tokens(self) -> int:
        """Tokens the model reads of a text, special ones included."""
        return self.facts.max_tokens

    @property
    def similarity_name(self) -> str:
        """`cosine`, `dot` or `l2`."""
        return self.facts.similarity

    def encode(
        self,
        texts: Iterable[str],
        as_: Role | None = None,
        on_overflow: Overflow = "warn",
        progress: bool = False,
        dimension: int | None = None,
    ) -> np.ndarray:
        """Vectors (n, d), float32, in the order of `texts`; the arguments are those of `embed`, and of `leading`."""
        model = self if dimension is None else self.leading(dimension)
        return model.embed(texts, as_, on_overflow, progress).vectors

    def encode_query(self, texts: Iterable[str], on_overflow: Overflow = "warn") -> np.ndarray:
        """Vectors (n, d) of queries."""
        return self.encode(texts, "query", on_overflow)

    def encode_passage(self, texts: Iterable[str], on_overflow: Overflow = "warn") -> np.ndarray:
        """Vectors (n, d) of passages."""
        return self.encode(texts, "passage", on_overflow)

    def embed(
        self,
        texts: Iterable[str],
        as_: Role | None = None,
        on_overflow: Overflow = "warn",
        progress: bool = False,
    ) -> Embedded:
        """Vectors with the tokens read and cut.

        Args:
            texts: any number of them; an empty text has a vector, too.
            as_: the role, which decides prompt and tower; None takes no prompt and is refused by two towers.
            on_overflow: for a text longer than `max_tokens`: `error` refuses it, `warn` cuts it and warns,
                `truncate` cuts it, `window` reads it whole and gives the mean of its windows, weighted by their tokens.
            progress: show a progress bar on a terminal.
        """
        blocks = list(self.stream(track(texts, "encoding") if progress else texts, as_, on_overflow))
        return Embedded(
            np.concatenate([np.empty((0, self.dimension), np.float32), *(block.vectors for block in blocks)]),
            np.concatenate([np.empty(0, np.int64), *(block.tokens for block in blocks)]),
            np.concatenate([np.empty(0, np.int64), *(block.truncated for block in blocks)]),
        )

    def stream(
        self, texts: Iterable[str], as_: Role | None = None, on_overflow: Overflow = "warn"
    ) -> Iterator[Embedded]:
        """Like `embed`, block by block in constant memory, for any number of texts."""
        if on_overflow not in get_args(Overflow):
            raise MedencError(
                f"no such treatment: '{on_overflow}'",
                where="on_overflow",
                hint=did_you_mean(on_overflow, get_args(Overflow)),
            )
        tower, prompt = self._tower(as_), self.facts.prompts.get(as_, "") if as_ else ""
        seen = cut_texts = 0
        for block in _blocks(texts):
            embedded = self._embed_block(block, tower, prompt, on_overflow, seen)
            seen, cut_texts = seen + len(block), cut_texts + int(np.count_nonzero(embedded.truncated))
            yield replace(embedded, vectors=self._cut(embedded.vectors))
        if cut_texts and on_overflow == "warn":
            line = f"{cut_texts} of {seen} texts are longer than {self.max_tokens} tokens and were cut"
            warnings.warn(line, stacklevel=2)

    def windows(self, texts: Sequence[str], as_: Role = "passage") -> Windows:
        """Every document read whole, in windows of at most `max_tokens` tokens that end at sentences where they can."""
        tower, prompt = self._tower(as_), self.facts.prompts.get(as_, "")
        texts = [text for block in _blocks(texts) for text in block]
        totals = tower.tokenizer.tokenize([prompt + text for text in texts]).totals
        spans = self._spans(texts, totals > self.max_tokens, tower, prompt)
        vectors = self.encode(pieces(texts, spans), as_, on_overflow="error")
        owner = np.repeat(np.arange(len(texts)), [len(own) for own in spans])
        flat = np.array([span for own in spans for span in own], dtype=np.int64).reshape(-1, 2)
        return Windows(vectors, owner, flat)

    def similarity(self, queries: Iterable[str], passages: Iterable[str]) -> np.ndarray:
        """Scores (n, m) by the model's own similarity; for `l2` it is the negative distance, so more is nearer."""
        return score(self.encode_query(queries), self.encode_passage(passages), self.facts.similarity)

    def _tower(self, as_: Role | None) -> Tower:
        if as_ is None and self.facts.towers:
            raise MedencError("this model encodes queries and passages apart", hint="say as_='query' or 'passage'")
        if as_ is not None and as_ not in ROLES:
            raise MedencError(f"no such role: '{as_}'", where="as", hint=did_you_mean(as_, ROLES))
        return self._towers[as_ or "query"]

    def _embed_block(self, texts: list[str], tower: Tower, prompt: str, on_overflow: Overflow, before: int) -> Embedded:
        tokenized = tower.tokenizer.tokenize([prompt + text for text in texts])
        lost = tokenized.totals - tokenized.used
        if lost.any() and on_overflow == "error":
            place = int(np.argmax(lost > 0))
            raise MedencError(
                f"text {before + place} has {tokenized.totals[place]} tokens, the model reads {self.max_tokens}",
                where=self.path,
                hint="on_overflow='window' reads it whole, 'truncate' cuts it",
            )
        if lost.any() and on_overflow == "window":
            return self._embed_windows(texts, tokenized, tower, prompt)
        return Embedded(tower.vectors(tokenized.ids, self.facts.dimension), tokenized.used, lost)

    def _cut(self, vectors: np.ndarray) -> np.ndarray:
        """The leading numbers of vectors (n, the model's dimension)."""
        if self.dimension == self.facts.dimension:
            return vectors
        first = np.ascontiguousarray(vectors[:, : self.dimension])
        return unit(first) if self.facts.similarity == "cosine" else first

    @staticmethod
    def _spans(texts: Sequence[str], long: np.ndarray, tower: Tower, prompt: str) -> list[list[tuple[int, int]]]:
        """The windows of each text; those that are not too long are one, which the tokenizer tells in a batch."""
        return [
            cut(text, tower.tokenizer, prompt) if over else [(0, len(text))]
            for text, over in zip(texts, long, strict=True)
        ]

    def _embed_windows(self, texts: list[str], tokenized: Tokenized, tower: Tower, prompt: str) -> Embedded:
        """One vector a text: the mean over its windows, weighted by their tokens."""
        spans = self._spans(texts, tokenized.totals > tokenized.used, tower, prompt)
        owner = np.repeat(np.arange(len(texts)), [len(own) for own in spans])
        parts = tower.tokenizer.tokenize([prompt + piece for piece in pieces(texts, spans)])
        sums = np.zeros((len(texts), self.facts.dimension), np.float32)
        np.add.at(sums, owner, tower.vectors(parts.ids, self.facts.dimension) * parts.used[:, None])
        tokens = np.bincount(owner, parts.used, len(texts)).astype(np.int64)
        means = sums / tokens[:, None].astype(np.float32)
        return Embedded(unit(means) if self.facts.normalize else means, tokens, np.zeros_like(tokens))


def score(queries: np.ndarray, passages: np.ndarray, similarity: str) -> np.ndarray:
    """Scores (n, m) of vectors (n, d) and (m, d); `l2` is the negative Euclidean distance."""
    if similarity == "cosine":
        return unit(queries) @ unit(passages).T
    products = queries @ passages.T
    if similarity == "dot":
        return products
    squares = (queries**2).sum(1)[:, None] + (passages**2).sum(1)[None, :]
    return -np.sqrt(np.maximum(squares - 2 * products, 0))


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    """Lists of at most `BLOCK_TEXTS` texts; whatever is no text is refused by its place."""
    if isinstance(texts, str):
        raise MedencError("expected a list of texts, found one text", hint="put it into a list: [text]")
    source, before = iter(texts), 0
    while block := list(islice(source, BLOCK_TEXTS)):
        for place, text in enumerate(block):
            if not isinstance(text, str):
                raise MedencError(f"text {before + place} is no text but a {type(text).__name__}")
        before += len(block)
        yield block
