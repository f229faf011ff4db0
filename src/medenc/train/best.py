"""The best weights so far by a measure on development data, and when to stop looking for better ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from medenc.train.checkpoint import Arrays

_PREFIX = "weight."


class Best:
    """Keeps a copy of the weights of the highest score."""

    def __init__(self) -> None:
        self.step, self.misses, self.scores = 0, 0, dict[str, float]()
        self._weights: dict[str, np.ndarray] = {}

    def offer(self, step: int, scores: Mapping[str, float], model: nn.Module) -> None:
        """Take the weights after `step` if the first of the scores is the highest so far."""
        if self._weights and _main(scores) <= _main(self.scores):
            self.misses += 1
            return
        self.step, self.misses, self.scores = step, 0, dict(scores)
        self._weights = weights(model)

    def arrays(self) -> Arrays:
        """All of it, for a checkpoint."""
        counters = {"step": np.array(self.step), "misses": np.array(self.misses)}
        scores = {f"score.{place}.{name}": np.array(value) for place, (name, value) in enumerate(self.scores.items())}
        return {**counters, **scores, **{_PREFIX + name: value for name, value in self._weights.items()}}

    def restore(self, arrays: Arrays) -> None:
        """Put back what `arrays` gave."""
        self.step, self.misses = int(arrays["step"]), int(arrays["misses"])
        placed = sorted((int((parts := key.split(".", 2))[1]), parts[2]) for key in arrays if key.startswith("score."))
        self.scores = {name: float(arrays[f"score.{place}.{name}"]) for place, name in placed}
        self._weights = {key.removeprefix(_PREFIX): value for key, value in arrays.items() if key.startswith(_PREFIX)}

    def load_into(self, model: nn.Module) -> None:
        """Give the model the best weights."""
        load_weights(model, self._weights)


def weights(model: nn.Module) -> dict[str, np.ndarray]:
    """A copy of all weights as arrays."""
    return {name: value.detach().cpu().numpy().copy() for name, value in model.state_dict().items()}


def load_weights(model: nn.Module, arrays: Arrays) -> None:
    """Put weights back."""
    model.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})


def _main(scores: Mapping[str, float]) -> float:
    return next(iter(scores.values()))
