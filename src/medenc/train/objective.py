"""What the loop asks of an objective and of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from medenc.models.encoder import Model


class Row(Protocol):
    """A prepared row of training data."""

    @property
    def id(self) -> str:
        """What an error message calls it; never its text."""
        ...

    @property
    def tokens(self) -> int:
        """What it costs in a padded batch."""
        ...


class Objective(Protocol):
    """What a plug-in of the kind `objective` is: options as fields, and these.

    Several processes see the same whole batch and share its rows, see `models.parallel`.
    """

    def prepare(
        self, records: Any, tokenizer: PreTrainedTokenizerFast, max_tokens: int
    ) -> tuple[list[Any], dict[str, Any]]:
        """Rows, tokenised once, and numbers for the manifest."""
        ...

    def heads(self, model: Any) -> nn.Module | None:
        """What is trained beside the encoder, drawn from torch's generator."""
        ...

    def collate(
        self, rows: Sequence[Any], tokenizer: PreTrainedTokenizerFast, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """The whole batch; random choices come from `rng` alone."""
        ...

    def losses(self, model: Any, heads: Any, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Named losses, which the loop adds up: this process's part of the batch's."""
        ...

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """The options."""
        ...


class Trainee(nn.Module):
    """An encoder and its heads under an objective as one module, so that several processes see one forward pass."""

    def __init__(self, model: Model, heads: nn.Module | None, objective: Objective) -> None:
        super().__init__()
        self.model, self.heads, self._losses = model, heads, objective.losses

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The named losses of a batch."""
        return self._losses(self.model, self.heads, batch)
