"""The smallest index and model that keep the server's contract, so that its tests need no trained model."""

from typing import NamedTuple

import numpy as np

from medenc.core.errors import MedencError


class Json(dict):
    def to_json(self):
        return dict(self)


class WordIndex:
    """The smallest index that keeps the contract: passages scored by the query's words that they hold."""

    def __init__(self, passages):
        self.passages = passages

    def info(self):
        return {"passages": len(self.passages), "modes": ["lexical"]}

    def search(self, query, top=10, mode=None, where=None):
        if mode in ("dense", "hybrid"):
            raise MedencError("this index has no vectors", where="/srv/secret/index")
        if where is not None:
            raise MedencError("it is not an SQL condition", where="where", hint="columns: id, title")
        found = sorted(
            ((self._spans(p["text"], query), p) for p in self.passages), key=lambda f: (-len(f[0]), f[1]["_id"])
        )
        hits = [self._hit(rank, *pair) for rank, pair in enumerate(found[:top], 1) if pair[0]]
        return Json(query=query, mode="lexical", hits=hits, timing_ms={"total": 1.5})

    def ask(self, question):
        hits = self.search(question, 1)["hits"]
        spans = [
            {"text": h["text"][s:e], "start": s, "end": e, "id": h["id"], "probability": 0.8}
            for h in hits
            for s, e in h["highlights"][:1]
        ]
        return Json(question=question, answers=spans, no_answer_probability=0.2 if spans else 1.0)

    def _spans(self, text, query):
        return [[text.find(word), text.find(word) + len(word)] for word in query.split() if word in text]

    def _hit(self, rank, spans, passage):
        hit = {"id": passage["_id"], "rank": rank, "score": float(len(spans)), "title": passage["title"]}
        hit |= {"text": passage["text"], "metadata": passage["metadata"], "highlights": spans}
        return hit | {"parts": {"lexical": float(len(spans)), "dense": None}}


class Embedded(NamedTuple):
    vectors: np.ndarray
    tokens: np.ndarray


class LetterModel:
    """The smallest model that keeps the contract: how often each of 26 letters occurs."""

    dimension, max_tokens, similarity_name, fingerprint = 26, 512, "cosine", "letters"

    def embed(self, texts, as_=None, on_overflow="warn"):
        assert on_overflow in ("error", "window")
        if on_overflow == "error" and max(map(len, texts)) > self.max_tokens:
            raise MedencError("text 0 is too long", where="/srv/secret/model")
        letters = [[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts]
        return Embedded(np.array(letters, np.float32), np.array([len(text) for text in texts]))
