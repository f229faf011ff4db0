"""A few texts of three languages to pre-train on, and what every objective needs."""

import numpy as np
import torch

from medenc.data.records import Passage
from medenc.models.encoder import Contract, from_size

LINES = [
    "고혈압 환자에게 amlodipine 5 mg을 하루 한 번 투여한다.",
    "천식 발작에는 속효성 기관지확장제를 먼저 흡입한다.",
    "糖尿病患者应定期检查眼底和肾功能。",
    "肺炎常见症状为发热、咳嗽和胸痛。",
    "Metformin is the first drug for type 2 diabetes.",
    "Atrial fibrillation raises the risk of stroke.",
]
TEXTS = [Passage(f"d{n}", " ".join(LINES[(n + k) % 6] for k in range(1 + n % 4))) for n in range(24)]
DOCUMENTS = [
    {"id": f"d{n}", "text": " ".join(LINES[(n + k) % 6] + f" {n}-{k}" for k in range(6)), "links": [f"d{(n + 1) % 12}"]}
    for n in range(12)
]


def encoder(tokenizer, *, seed=0, **contract):
    torch.manual_seed(seed)
    return from_size("tiny", len(tokenizer), Contract(**({"max_tokens": 64} | contract)))


def tensors(arrays):
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def random(epoch=0, position=0):
    """The generator of a batch, as the loop makes it."""
    return np.random.default_rng([5, epoch, position])
