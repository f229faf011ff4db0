"""The call that CoROM's card documents: texts in, their vectors and scores out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np

from medenc.core.errors import MedencError, did_you_mean
from medenc.runtime.embedder import Embedder

SOURCE, OTHERS = "source_sentence", "sentences_to_compare"


class Output(TypedDict):
    """`text_embedding` is (n, d) float32; `scores` compares its first row with others of its rows."""

    text_embedding: np.ndarray
    scores: list[float]


class SentenceEmbedding:
    """Vectors of texts, and how near the first text is to the others.

    With `sentences_to_compare`, the first source sentence is compared with each of them, and further source sentences
    are not read; without it, the first source sentence is compared with the others. Scores are inner products of the
    vectors as the model folder makes them: raw `[CLS]` vectors for CoROM, whatever its card says of L2 and cosine.

    Source: the card of damo/nlp_corom_sentence-embedding_chinese-tiny-medical. Later versions of ModelScope give no
    score in the second case and compare further source sentences in the first; the card is followed.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def __call__(self, input: Mapping[str, Sequence[str]]) -> Output:  # noqa: A002 - the card's name
        """The vectors of the texts that are compared, in order, and the scores of all but the first.

        Raises: MedencError for another form of input.
        """
        sources, others = _sentences(input)
        asked = sources if others is None else sources[:1]
        vectors = self._embedder.encode_query(asked)
        if others:
            vectors = np.concatenate([vectors, self._embedder.encode_passage(others)])
        return {"text_embedding": vectors, "scores": (vectors[1:] @ vectors[0]).tolist()}


def _sentences(given: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str] | None]:
    """The source sentences, and those to compare when they are there."""
    if not isinstance(given, Mapping):
        raise MedencError(f"expected an object with '{SOURCE}', found {type(given).__name__}", where="input")
    for name in given:
        if name not in (SOURCE, OTHERS):
            raise MedencError(f"no such field: '{name}'", where="input", hint=did_you_mean(name, (SOURCE, OTHERS)))
    sources = _texts(given, SOURCE)
    if not sources:
        raise MedencError("nothing to embed", where=SOURCE)
    return sources, _texts(given, OTHERS) if OTHERS in given else None


def _texts(given: Mapping[str, Sequence[str]], name: str) -> list[str]:
    texts = given.get(name, [])
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise MedencError("expected a list of texts", where=name)
    return list(texts)
