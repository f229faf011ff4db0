"""The best weights so far by a measure on development data, and when to stop looking for better ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from medenc.train.checkpoint import Arrays

_PREFIX = "weight."


class Best:
    """The highest score so far, the last one, and a copy of the weights of the highest where those are to be kept."""

    def __init__(self, *, keeps_weights: bool) -> None:
        self.step, self.misses = 0, 0
        self.scores, self.last = dict[str, float](), dict[str, float]()
        self._keeps_weights, self._weights = keeps_weights, dict[str, np.ndarray]()

    def offer(self, step: int, scores: Mapping[str, float], model: nn.Module) -> None:
        """Take the weights after `step` if the first of the scores is the highest so far."""
        self.last = dict(scores)
        if self.scores and _main(scores) <= _main(self.scores):
            self.misses += 1
            return
        self.step, self.misses, self.scores = step, 0, dict(scores)
        self._weights = weights(model) if self._keeps_weights else {}

    def arrays(self) -> Arrays:
        """All of it, for a checkpoint."""
        counters = {"step": np.array(self.step), "misses": np.array(self.misses)}
        scores = {
            f"{kind}.{place}.{name}": np.array(value)
            for kind, own in (("score", self.scores), ("last", self.last))
            for place, (name, value) in enumerate(own.items())
        }
        return {**counters, **scores, **{_PREFIX + name: value for name, value in self._weights.items()}}

    def restore(self, arrays: Arrays) -> None:
        """Put back what `arrays` gave."""
        self.step, self.misses = int(arrays["step"]), int(arrays["misses"])
        self.scores, self.last = _placed("score", arrays), _placed("last", arrays)
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


def _placed(kind: str, arrays: Arrays) -> dict[str, float]:
    """The scores of one kind, in their order."""
    placed = sorted((int((parts := key.split(".", 2))[1]), parts[2]) for key in arrays if key.startswith(f"{kind}."))
    return {name: float(arrays[f"{kind}.{place}.{name}"]) for place, name in placed}


def _main(scores: Mapping[str, float]) -> float:
    return next(iter(scores.values()))
