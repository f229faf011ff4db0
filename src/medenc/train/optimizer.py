"""AdamW and the learning rate as a pure function of the step."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from medenc.core.errors import MedencError
from medenc.train.options import FitOptions

MOMENTS = ("exp_avg", "exp_avg_sq")


def adamw(model: nn.Module, options: FitOptions) -> torch.optim.AdamW:
    """AdamW without weight decay on biases and normalisation weights (all parameters of one dimension).

    With `layer_decay` each group carries a `scale`, its share of the learning rate.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for scale, parameter in _scaled(model, options):
        decay = options.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((decay, scale), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": those, "weight_decay": decay, "scale": scale} for (decay, scale), those in groups.items()],
        lr=options.learning_rate,
        betas=(options.adam_beta1, options.adam_beta2),
        eps=options.adam_epsilon,
        fused=True,
    )


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its share of the learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]


def layer_scale(layer: int | None, layers: int, decay: float, top: int) -> float:
    """The share of the learning rate of encoder layer `layer` (from 0), or of the embeddings (None).

    Heads and poolers have 1, the top layer decay^top. Source: Clark et al. (ELECTRA), ICLR 2020, app. A, whose code has
    decay^2 at the top because nothing sits at the depth between; BERT fine-tuning elsewhere has decay^1.
    """
    below = layers if layer is None else layers - 1 - layer
    return float(decay ** (top + below))


def _scaled(model: nn.Module, options: FitOptions) -> Iterator[tuple[float, nn.Parameter]]:
    """Trained parameters with their share of the learning rate."""
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    if options.layer_decay is None:
        yield from ((1.0, parameter) for _, parameter in trained)
        return
    layers = 1 + max((layer for name, _ in trained if (layer := _layer(name)) is not None), default=-1)
    if not layers:
        raise MedencError(
            "this encoder has no layers of their own weights", where="fit.layer_decay", hint="leave it out"
        )
    for name, parameter in trained:
        inside = name.startswith("model.") and (_layer(name) is not None or ".embeddings" in name)
        scale = layer_scale(_layer(name), layers, options.layer_decay, options.layer_decay_top) if inside else 1.0
        yield scale, parameter


def _layer(name: str) -> int | None:
    """The encoder layer that a parameter belongs to, as BERT and its kin or ModernBERT name it; ALBERT shares one."""
    found = re.search(r"^model\..*\.layers?\.(\d+)\.", name)
    return int(found[1]) if found else None


def learning_rate(step: int, total: int, options: FitOptions) -> float:
    """The rate of step 0 … total - 1: linear warm-up, then linear, cosine or no decay towards 0 at `total`."""
    warmup = math.ceil(total * options.warmup_ratio)
    if step < warmup:
        return options.learning_rate * (step + 1) / warmup
    left = (total - step) / max(1, total - warmup)
    factor = {"linear": left, "cosine": 0.5 - 0.5 * math.cos(math.pi * left), "constant": 1.0}
    return options.learning_rate * factor[options.lr_scheduler_type]


def moments(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, np.ndarray]:
    """AdamW's state by parameter name: `exp_avg.<name>`, `exp_avg_sq.<name>`, `step.<name>`."""
    found: dict[str, np.ndarray] = {}
    for name, parameter in model.named_parameters():
        for key, value in optimizer.state.get(parameter, {}).items():
            found[f"{key}.{name}"] = value.detach().cpu().numpy()
    return found


def restore_moments(model: nn.Module, optimizer: torch.optim.Optimizer, saved: dict[str, np.ndarray]) -> None:
    """Put back what `moments` gave."""
    for name, parameter in model.named_parameters():
        if f"step.{name}" not in saved:
            continue
        state = {key: torch.from_numpy(saved[f"{key}.{name}"].copy()).to(parameter.device) for key in MOMENTS}
        # fused AdamW keeps its counter beside the parameters
        state["step"] = torch.from_numpy(saved[f"step.{name}"].copy()).to(parameter.device)
        optimizer.state[parameter] = state
