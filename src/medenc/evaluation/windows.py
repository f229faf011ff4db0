"""Which texts a model does not read at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from medenc.evaluation.slices import TooLong
from medenc.runtime.folder import Role, open_model
from medenc.runtime.tokens import TextTokenizer


def too_long(model: Path) -> TooLong:
    """Tells of queries and of passages whether they, with the model's prompts, have more tokens than it reads."""
    folder = open_model(model)
    readers = {role: TextTokenizer(path, folder.facts.max_tokens) for role, path in folder.towers.items()}

    def over(role: Role, texts: Sequence[str]) -> list[bool]:
        prompt = folder.facts.prompts.get(role, "")
        tokenized = readers[role].tokenize([prompt + text for text in texts])
        return (tokenized.totals > tokenized.used).tolist() if texts else []

    return lambda queries, passages: (over("query", queries), over("passage", passages))
