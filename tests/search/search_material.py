"""Passages and an encoder that the tests of search share."""

import hashlib
from dataclasses import dataclass

import numpy as np

from medenc.data.records import Passage
from medenc.search.settings import Model

DIMENSION = 64


@dataclass
class Found:
    vectors: np.ndarray
    owner: np.ndarray
    spans: np.ndarray


class HashedWords:
    """A small real encoder without weights: texts as sums of fixed random vectors of their words, a window a line."""

    fingerprint = "hashed-words"

    def encode_query(self, texts):
        return np.array([self._vector(text) for text in texts], np.float32).reshape(-1, DIMENSION)

    def windows(self, texts):
        lines = [(number, start, end) for number, text in enumerate(texts) for start, end in self._lines(text)]
        vectors = self.encode_query([texts[number][start:end] for number, start, end in lines])
        return Found(
            vectors, np.array([line[0] for line in lines]), np.array([line[1:] for line in lines]).reshape(-1, 2)
        )

    def _lines(self, text):
        start = 0
        for line in text.split("\n"):
            yield start, start + len(line)
            start += len(line) + 1

    def _vector(self, text):
        words = [hashlib.sha256(word.encode("utf-8", "replace")).digest() for word in text.lower().split()]
        seeds = [int.from_bytes(word[:8]) for word in words]
        return sum((np.random.default_rng(seed).normal(size=DIMENSION) for seed in seeds), np.zeros(DIMENSION))


MODEL = Model(path="models/hashed", fingerprint="hashed-words", dimension=DIMENSION, similarity="cosine")
PASSAGES = [
    Passage(
        "ko1",
        "고혈압 환자에게 amlodipine을 5mg으로 처방하였다. 혈압은 150/95였다.",
        "고혈압 처방",
        {"language": "ko", "year": 2021},
    ),
    Passage(
        "ko2", "당뇨병 환자의 HbA1c는 7.2%로 metformin을 유지한다.", "당뇨병 추적", {"language": "ko", "year": 2019}
    ),
    Passage("zh1", "糖尿病患者应定期监测HbA1c。二甲双胍是首选药物。", "糖尿病管理", {"language": "zh", "year": 2020}),
    Passage(
        "en1",
        "Metformin is stopped when eGFR falls below 30.\nLactic acidosis is rare.",
        "Metformin and kidneys",
        {"language": "en", "year": 2022},
    ),
    Passage("en2", "Amlodipine may cause swelling of the ankles in older patients.", "", {"language": "en"}),
    Passage("en3", "", "Asthma", {"language": "en", "draft": True}),
]


def ids(answer):
    return [hit.id for hit in answer.hits]
