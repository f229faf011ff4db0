"""Rows of two segments, drawn anew every epoch, of a corpus with links."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, overload

from medenc.core.artifact import open_artifact
from medenc.core.errors import MedencError
from medenc.data.links import Graph, Links, Sampling
from medenc.data.sequences import Words
from medenc.data.shards import KIND, Row, Shards, Tokens


@dataclass(frozen=True, slots=True)
class LinkedRow:
    """A place in an epoch; which segments stand there depends on the seed and the epoch."""

    links: Links
    number: int

    @property
    def id(self) -> str:
        """The number of the pair."""
        return f"pair {self.number}"

    @property
    def tokens(self) -> int:
        """At most; special tokens included."""
        return self.links.max_tokens

    def draw(self, seed: int, epoch: int) -> tuple[Tokens, Tokens, int]:
        """Both segments, and the relation of the second to the first."""
        return self.links.draw(seed, epoch, self.number)


class LinkedRows(Sequence[LinkedRow]):
    """All pairs of an epoch."""

    def __init__(self, links: Links) -> None:
        self.links = links
        self.lengths = [links.max_tokens] * len(links)

    @property
    def fingerprint(self) -> str:
        """Names the rows by the corpus, its links among it, and by how pairs are drawn."""
        content = open_artifact(self.links.shards.path, KIND).content
        return hashlib.sha256(f"{content} {self.links.sampling.model_dump_json()}".encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.links)

    @overload
    def __getitem__(self, place: int) -> LinkedRow: ...
    @overload
    def __getitem__(self, place: slice) -> list[LinkedRow]: ...
    def __getitem__(self, place: int | slice) -> LinkedRow | list[LinkedRow]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        return LinkedRow(self.links, range(len(self))[place])


def linked_rows(
    records: Iterable[Any], tokenizer: Words, max_tokens: int, sampling: Sampling, where: str
) -> tuple[LinkedRows, dict[str, Any]]:
    """Pairs of at most `max_tokens` tokens from the corpus that the records are rows of, and what was counted.

    Args:
        records: the rows of one corpus of shards.
        tokenizer: of the model; the shards were made with it.
        max_tokens: special tokens included; for a sampling without a length of its own.
        sampling: how pairs are drawn.
        where: names the objective in messages.

    Raises: MedencError for other records, several corpora, or one without links.
    """
    corpora = {id(corpus): corpus for corpus in (_corpus(record, where) for record in records)}
    if len(corpora) != 1:
        raise MedencError(f"expected one corpus, found {len(corpora)}", where=where, hint="prepare them together")
    (corpus,) = corpora.values()
    corpus.check_vocabulary(len(tokenizer))
    if (asked := sampling.max_tokens) and asked > max_tokens:
        raise MedencError(f"the model reads {max_tokens} tokens, found {asked}", where=f"{where}.sampling.max_tokens")
    sampling = sampling.model_copy(update={"max_tokens": asked or max_tokens})
    links = Links(corpus, Graph.open(corpus.path), sampling)
    return LinkedRows(links), {"pairs": len(links), "documents": len(corpus.documents), "shares": _shares(links)}


def _corpus(record: Any, where: str) -> Shards:
    if not isinstance(record, Row):
        raise MedencError(
            f"expected shards of a corpus with links, found a {type(record).__name__}",
            where=where,
            hint="prepare the texts with links, and read them with `shards`",
        )
    return record.shards


def _shares(links: Links) -> dict[str, float]:
    """What becomes of the relations' weights, as documents without links allow: of up to 10,000 pairs."""
    return {name: round(share, 4) for name, share in links.shares(0, 0, min(len(links), 10_000)).items()}
