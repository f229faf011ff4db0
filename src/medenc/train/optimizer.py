"""AdamW and the learning rate as a pure function of the step."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

from medenc.train.options import FitOptions

MOMENTS = ("exp_avg", "exp_avg_sq")


def adamw(model: nn.Module, options: FitOptions) -> torch.optim.AdamW:
    """AdamW without weight decay on biases and normalisation weights (all parameters of one dimension)."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    decayed = [parameter for parameter in trained if parameter.ndim > 1]
    spared = [parameter for parameter in trained if parameter.ndim <= 1]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": options.weight_decay}, {"params": spared, "weight_decay": 0.0}],
        lr=options.learning_rate,
        betas=(options.adam_beta1, options.adam_beta2),
        eps=options.adam_epsilon,
        fused=True,
    )


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
