"""How long, how fast and on what hardware to train."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from medenc.core.options import Options


class FitOptions(Options):
    """The options of the training loop; the names are those that Hugging Face users know."""

    learning_rate: float = Field(default=2e-5, gt=0)
    lr_scheduler_type: Literal["linear", "cosine", "constant"] = "linear"
    warmup_ratio: float = Field(default=0.1, ge=0, le=1)
    num_train_epochs: int = Field(default=1, ge=1)
    max_steps: int | None = Field(default=None, ge=1)  # replaces the epochs
    per_device_batch_size: int = Field(default=32, ge=1)  # rows
    tokens_per_batch: int | None = Field(default=None, ge=1)  # replaces the rows: as many as fit, padding included
    gradient_accumulation_steps: int = Field(default=1, ge=1)
    weight_decay: float = Field(default=0.01, ge=0)
    adam_beta1: float = Field(default=0.9, ge=0, lt=1)
    adam_beta2: float = Field(default=0.999, ge=0, lt=1)
    adam_epsilon: float = Field(default=1e-8, gt=0)
    frozen: bool = False  # the encoder stays as it is, and heads alone learn
    layer_decay: float | None = Field(default=None, gt=0, le=1)  # rate of a layer relative to the one above
    layer_decay_top: Literal[0, 1, 2] = 1  # exponent of the top layer; the original ELECTRA's was 2
    max_grad_norm: float | None = Field(default=1.0, gt=0)  # None: not clipped
    seed: int = Field(default=0, ge=0)
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    threads: int | None = Field(default=None, ge=1)  # torch's own choice by default; part of the resume contract
    save_every_steps: int = Field(default=500, ge=1)
    gradient_checkpointing: bool = False  # keep no activations inside the backbone: less memory, more time
    eval_every_steps: int | None = Field(default=None, ge=1)  # on the dev data; after every epoch by default
    early_stopping_patience: int | None = Field(default=None, ge=1)  # measurements without a better one
    keep: Literal["best", "last"] = "best"  # which weights leave the run, where there is dev data

    @model_validator(mode="after")
    def _layers_that_learn(self) -> Self:
        if self.frozen and self.layer_decay is not None:
            raise ValueError("layer_decay is for an encoder that learns: leave it or frozen out")
        return self
