"""From text to token ids: the folder's own tokenizer, its limit, and what the limit cuts off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer

from medenc.core.errors import MedencError
from medenc.core.files import read_json
from medenc.text.tokens import readable

FILE = "tokenizer.json"


@dataclass(frozen=True)
class Tokenized:
    """Token ids of some texts, special tokens included and cut at the limit."""

    ids: list[list[int]]
    totals: np.ndarray  # (n,) tokens of each whole text, as if there were no limit

    @property
    def used(self) -> np.ndarray:
        """Tokens that the model reads, (n,)."""
        return np.array([len(ids) for ids in self.ids], dtype=np.int64)


def read_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a model folder. Raises: MedencError when it is missing or broken."""
    if not (folder / FILE).is_file():
        raise MedencError(f"the model has no {FILE}", where=folder, hint="import the checkpoint again")
    try:
        return Tokenizer.from_str((folder / FILE).read_text(encoding="utf-8"))
    except Exception as error:  # of the class itself, which is all that the library gives
        raise MedencError(f"not a tokenizer: {error}", where=folder / FILE) from None


class TextTokenizer:
    """The tokenizer of one encoder, limited to `max_tokens` with its special tokens."""

    def __init__(self, folder: Path, max_tokens: int) -> None:
        self._tokenizer = read_tokenizer(folder)
        self.max_tokens, self.pad_id = max_tokens, int(read_json(folder / "config.json").get("pad_token_id") or 0)
        self.special = self._tokenizer.num_special_tokens_to_add(False)
        if self.special == 0:
            raise MedencError("the tokenizer adds no [CLS] and [SEP]", where=folder / FILE)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)

    def tokenize(self, texts: Sequence[str]) -> Tokenized:
        """Token ids of `texts`. A lone surrogate, which no tokenizer reads, counts as U+FFFD."""
        encodings = self._tokenizer.encode_batch_fast([readable(text) for text in texts])
        totals = np.array([self._total(encoding) for encoding in encodings], dtype=np.int64)
        return Tokenized([encoding.ids for encoding in encodings], totals)

    def word_spans(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Character spans (n, 2) of all tokens of `text` but the special ones, and whether each begins a word, (n,)."""
        spans: list[tuple[int, int]] = []
        begins: list[bool] = []
        whole = self._tokenizer.encode_batch([readable(text)])[0]
        for part in (whole, *whole.overflowing):
            inner = [place for place, special in enumerate(part.special_tokens_mask) if not special]
            offsets, words = part.offsets, part.word_ids
            spans += [offsets[place] for place in inner]
            begins += [place == inner[0] or words[place] != words[place - 1] for place in inner]
        return np.array(spans, dtype=np.int64).reshape(-1, 2), np.array(begins, dtype=bool)

    def _total(self, encoding: Encoding) -> int:
        return len(encoding) + sum(len(rest) - self.special for rest in encoding.overflowing)
