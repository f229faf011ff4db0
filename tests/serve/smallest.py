"""The smallest models that keep the contracts of ours, so that these tests need no trained ones."""

import numpy as np

from medenc.core.errors import MedencError
from medenc.decoding.predicting import Predicted
from medenc.runtime.embedder import Embedded, Windows
from medenc.runtime.reader import Extract, Extracts


class LetterModel:
    """Counts each of the 26 Latin letters; a character is a token."""

    dimension, max_tokens, similarity_name, fingerprint = 26, 512, "cosine", "letters"

    def embed(self, texts, as_=None, on_overflow="window"):
        letters = [[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts]
        lengths = np.array([len(text) for text in texts])
        return Embedded(np.array(letters, np.float32), lengths, np.zeros_like(lengths))

    def encode_query(self, texts):
        return self.embed(texts, "query", "window").vectors

    def windows(self, texts):
        embedded = self.embed(texts, "passage", "window")
        spans = np.stack([np.zeros_like(embedded.tokens), embedded.tokens], 1)
        return Windows(embedded.vectors, np.arange(len(texts)), spans)


class FirstWord:
    """The first word of a document answers any question, unless it is `nothing`."""

    def read(self, question, documents, top):
        words = [(id_, text.split()[0]) for id_, text in documents if text]
        found = [Extract(word, 0, len(word), id_, 0.9, (0, len(word))) for id_, word in words if word != "nothing"]
        return Extracts(question, found[:top], 0.1 if found else 0.9)


class FirstLetter:
    """A text, or a question, belongs to the class of its first letter."""

    fingerprint, facts, labels, max_tokens = "first letter", {"use": "classification"}, ["a", "b"], 512

    @property
    def task(self):
        return self

    def row(self, id_, value):
        if isinstance(value, dict) and set(value) != {"question", "context"}:
            raise MedencError(f"no such field: {min(value)}", where=f"input {id_}")
        return value if isinstance(value, str) else f"{value['question']} {value['context']}"

    def predict_rows(self, rows, on_overflow):
        assert on_overflow == "truncate"
        tokens = [min(len(row), self.max_tokens) for row in rows]
        left = [len(row) - read for row, read in zip(rows, tokens, strict=True)]
        return Predicted([row[0] for row in rows], tokens, left, {})

    def to_json(self, prediction):
        return {"label": prediction, "probabilities": {prediction: 1.0}}
