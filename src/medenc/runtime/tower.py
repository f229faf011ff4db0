"""One encoder ready to run: its tokenizer, its session, and batches that waste little."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medenc.core.errors import MedencError
from medenc.runtime.session import EMBEDDING, Arrays, Precision, open_session
from medenc.runtime.tokens import TextTokenizer
from medenc.text.tokens import batches


class Tower:
    """What encodes queries, or passages, or both."""

    def __init__(
        self,
        folder: Path,
        max_tokens: int,
        backend: str | None = None,
        threads: int | None = None,
        precision: Precision | None = None,
    ) -> None:
        self.folder = folder
        self.tokenizer = TextTokenizer(folder, max_tokens)
        self.session = open_session(folder, backend, threads, (EMBEDDING,), precision)

    def vectors(self, ids: Sequence[Sequence[int]], dimension: int) -> np.ndarray:
        """Vectors (n, dimension), float32, of token ids; a text's vector does not depend on its batch."""
        found = np.empty((len(ids), dimension), dtype=np.float32)
        plan = list(batches([len(own) for own in ids]))
        filled = (self.arrays([ids[place] for place in places]) for places in plan)
        answers = self.session.run_all(filled) if len(plan) > 1 else map(self.session.run, filled)
        for places, answer in zip(plan, answers, strict=True):
            found[places] = answer[EMBEDDING]
        if not np.isfinite(found).all():
            raise MedencError("the model gave numbers that are not finite", where=self.folder, hint="medenc verify")
        return found

    def arrays(self, ids: Sequence[Sequence[int]]) -> Arrays:
        """One padded batch, (batch, tokens) each, with the inputs that the session asks for."""
        input_ids = np.full((len(ids), max(map(len, ids))), self.tokenizer.pad_id, dtype=np.int64)
        attention_mask = np.zeros_like(input_ids)
        for row, own in enumerate(ids):
            input_ids[row, : len(own)] = own
            attention_mask[row, : len(own)] = 1
        arrays = {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            "token_type_ids": np.zeros_like(input_ids),
        }
        return {name: array for name, array in arrays.items() if name in self.session.inputs}
