"""The one training loop: any objective, any encoder, resumable bit for bit after a kill at any moment."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from medenc.core.errors import MedencError
from medenc.core.progress import track
from medenc.models.encoder import Model
from medenc.train.batches import Batches
from medenc.train.best import Best, load_weights, weights
from medenc.train.checkpoint import Checkpoint, Checkpoints
from medenc.train.contract import contract
from medenc.train.distributed import accelerator, added, agreed, collected
from medenc.train.interrupt import listening
from medenc.train.journal import Journal
from medenc.train.objective import Objective, Row, Trainee
from medenc.train.optimizer import adamw, learning_rate, moments, restore_moments, set_rate
from medenc.train.options import FitOptions
from medenc.train.speed import Speed


class Training:
    """One run of the loop; on several processes a batch has the rows of all of them, and gives the same result as one.

    Args:
        model: trained in place.
        heads: trained beside it; what `objective.heads` gave.
        objective: turns rows into batches and batches into losses.
        rows: what `objective.prepare` gave.
        tokenizer: for its padding id.
        options: of the loop.
        checkpoints: folder for checkpoints and `metrics.jsonl`, kept until the caller removes it.
        curves: folder for TensorBoard's event files.
        measure: scores on development data, the main one first; called in the main process.
        dev: names the development data, so that a run does not go on with others.
    """

    def __init__(
        self,
        model: Model,
        heads: nn.Module | None,
        objective: Objective,
        rows: Sequence[Row],
        tokenizer: PreTrainedTokenizerFast,
        options: FitOptions,
        *,
        checkpoints: Path,
        curves: Path,
        measure: Callable[[], Mapping[str, float]] | None = None,
        dev: str | None = None,
    ) -> None:
        if not len(rows):
            raise MedencError("there is nothing to train on: the data gave no row", where="data")
        self.objective, self.rows, self.tokenizer, self.options = objective, rows, tokenizer, options
        self.accelerator = accelerator(options)
        if len(rows) < self.accelerator.num_processes:
            raise MedencError(f"{len(rows)} rows for {self.accelerator.num_processes} processes", where="data")
        self.batches = Batches(
            _lengths(rows),
            rows=options.per_device_batch_size * self.accelerator.num_processes,
            tokens=options.tokens_per_batch and options.tokens_per_batch * self.accelerator.num_processes,
            seed=options.seed,
            least=self.accelerator.num_processes,
        )
        self.per_step = options.gradient_accumulation_steps
        self.total = options.max_steps or math.ceil(self.batches.count(options.num_train_epochs) / self.per_step)
        self.bare = Trainee(model, heads, objective)
        if options.frozen:
            _freeze(self.bare)
        if options.gradient_checkpointing:
            _checkpoint_activations(self.bare)
        self.measure, self.best = measure, Best(keeps_weights=options.keep == "best")
        made_of = contract(options, objective, self.accelerator, rows, self.bare.state_dict(), dev)
        self.store = Checkpoints(checkpoints, made_of)
        self.trainee, self.optimizer = self.accelerator.prepare(self.bare, adamw(self.bare, options))
        self.curves, self.tokens = curves, 0

    def run(self) -> dict[str, Any]:
        """Train to the end, from the newest checkpoint if there is one; returns numbers for the manifest.

        Raises: MedencError when a loss is not finite or a checkpoint belongs to another run.
        Raises: SystemExit with 128 + signal after SIGTERM or Ctrl-C, the state saved.
        """
        done = self._resume()
        step, main = done - 1, self.accelerator.is_main_process
        speed = Speed(done, self.total, self.accelerator.device, bf16=self.accelerator.mixed_precision == "bf16")
        self.trainee.train()
        with Journal(self.store.folder, self.curves, done, active=main) as journal, listening() as request:
            for step in track(range(done, self.total), "train", self.total - done):
                line = self._counted(step, speed) if step == done else self._step(step)
                if self.measure and self._due(step):
                    line["dev"] = self._measured(step)
                journal.add(line, **speed.rates(step, self.tokens))
                if self._no_better():
                    break
                stop = agreed(self.accelerator, request.signal)
                if stop or (step + 1) % self.options.save_every_steps == 0:
                    journal.sync()
                    self._save(step + 1)
                if stop:
                    raise SystemExit(128 + stop)
        rates = speed.rates(max(step, done), self.tokens)
        numbers = {
            "steps": step + 1,
            "resumed_at": done,
            "seconds": round(speed.seconds, 1),
            "tokens_per_second": round(rates["tokens_per_second"]),
            "utilisation": round(rates["utilisation"], 3),
        }
        return numbers | self._kept()

    def close(self) -> None:
        """Let go of the other processes; what binds to them must be gone before they are, or a process may abort."""
        self.accelerator.wait_for_everyone()
        self.trainee = self.bare
        self.accelerator.free_memory()
        gc.collect()

    def _counted(self, step: int, speed: Speed) -> dict[str, Any]:
        """A step whose operations are counted."""
        with speed.counting():
            line = self._step(step)
        speed.counted(self.tokens)
        return line

    def _step(self, step: int) -> dict[str, Any]:
        """One optimizer step; its line for the journal."""
        rate = learning_rate(step, self.total, self.options)
        set_rate(self.optimizer, rate)
        self.optimizer.zero_grad()
        positions = range(step * self.per_step, (step + 1) * self.per_step)
        named: dict[str, float] = {}
        for position in positions:
            for name, value in self._backward(step, position, last=position == positions[-1]).items():
                named[name] = named.get(name, 0.0) + value
        limit = self.options.max_grad_norm or math.inf
        norm = float(self.accelerator.clip_grad_norm_(self.trainee.parameters(), limit))
        if not math.isfinite(norm):
            raise self._diverged(step, "gradient", np.concatenate([self.batches.at(p)[1] for p in positions]))
        self.optimizer.step()
        return {
            "step": step + 1,
            "epoch": self.batches.at(positions[0])[0],
            "loss": sum(named.values()),
            "losses": named,
            "learning_rate": rate,
            "gradient_norm": norm,
        }

    def _backward(self, step: int, position: int, *, last: bool) -> dict[str, float]:
        """Add one batch's gradients; only the last batch of a step makes the processes exchange them."""
        epoch, chosen = self.batches.at(position)
        rng = np.random.default_rng([self.options.seed, epoch, position])
        arrays = self.objective.collate([self.rows[row] for row in chosen], self.tokenizer, rng)
        self.tokens += sum(int(mask.sum()) for name, mask in arrays.items() if name.endswith("attention_mask"))
        batch = {name: torch.from_numpy(array).to(self.accelerator.device) for name, array in arrays.items()}
        if last:
            losses = self._differentiate(batch)
        else:
            with self.accelerator.no_sync(self.trainee):
                losses = self._differentiate(batch)
        values = added(self.accelerator, losses)
        if not all(math.isfinite(value) for value in values.values()):
            raise self._diverged(step, "loss", chosen)
        return values

    def _differentiate(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        share = self.options.gradient_accumulation_steps
        losses = {name: loss / share for name, loss in self.trainee(batch).items()}
        # the processes' gradients are averaged, but their losses are parts of a sum
        self.accelerator.backward(torch.stack(list(losses.values())).sum() * self.accelerator.num_processes)
        return {name: loss.detach() for name, loss in losses.items()}

    def _due(self, step: int) -> bool:
        """Whether to measure after this step: regularly, or where an epoch ends, and at the end."""
        if step + 1 == self.total:
            return True
        if self.options.eval_every_steps:
            return (step + 1) % self.options.eval_every_steps == 0
        return self.batches.at((step + 1) * self.per_step)[0] != self.batches.at(step * self.per_step)[0]

    def _measured(self, step: int) -> dict[str, float]:
        """The scores on development data, which every process learns."""
        assert self.measure is not None
        self.trainee.eval()
        own = dict(self.measure()) if self.accelerator.is_main_process else {}
        self.trainee.train()
        scores = collected(self.accelerator, own)[0]
        self.best.offer(step + 1, scores, self.bare)
        return scores

    def _no_better(self) -> bool:
        patience = self.options.early_stopping_patience
        return self.measure is not None and patience is not None and self.best.misses >= patience

    def _kept(self) -> dict[str, Any]:
        """Leave the weights that were asked for; what the manifest says of them: `dev` are their scores."""
        if self.measure is None:
            return {}
        if self.options.keep == "best":
            self.best.load_into(self.bare)
        scores = self.best.scores if self.options.keep == "best" else self.best.last
        return {"best_step": self.best.step, "dev": scores, "kept": self.options.keep}

    def _diverged(self, step: int, what: str, chosen: np.ndarray) -> MedencError:
        named = ", ".join(f"{row} ({self.rows[row].id})" for row in chosen[:8])
        more = f" and {len(chosen) - 8} more" if len(chosen) > 8 else ""
        return MedencError(
            f"the {what} is not finite at step {step + 1}, on rows {named}{more}",
            where="fit",
            hint="a lower learning_rate or a longer warm-up often helps; look at these rows",
        )

    def _save(self, step: int) -> None:
        states = collected(self.accelerator, _random_state())
        if self.accelerator.is_main_process:
            random = {f"{rank}.{name}": value for rank, s in enumerate(states) for name, value in s.items()}
            arrays = {"model": weights(self.bare), "optimizer": moments(self.bare, self.optimizer), "random": random}
            self.store.save(step, arrays | ({"best": self.best.arrays()} if self.measure else {}))
        self.accelerator.wait_for_everyone()

    def _resume(self) -> int:
        """Steps that are done: everything is as after them."""
        torch.manual_seed(self.options.seed + self.accelerator.process_index)
        if self.accelerator.is_main_process:
            self.store.tidy()
        found = self.store.newest()
        if found is not None:
            self._restore(found)
        self.accelerator.wait_for_everyone()  # nobody writes while another still reads
        return found.step if found else 0

    def _restore(self, found: Checkpoint) -> None:
        load_weights(self.bare, found.arrays["model"])
        restore_moments(self.bare, self.optimizer, found.arrays["optimizer"])
        rank = f"{self.accelerator.process_index}."
        own = {
            name.removeprefix(rank): torch.from_numpy(value)
            for name, value in found.arrays["random"].items()
            if name.startswith(rank)
        }
        if self.measure:
            self.best.restore(found.arrays["best"])
        torch.set_rng_state(own["cpu"])
        if "cuda" in own:
            torch.cuda.set_rng_state(own["cuda"])


def _lengths(rows: Sequence[Row]) -> Sequence[int]:
    """Tokens of every row; rows that lie on disk know them without being read."""
    return rows.lengths if hasattr(rows, "lengths") else [row.tokens for row in rows]


def _freeze(trainee: Trainee) -> None:
    trainee.model.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in trainee.parameters()):
        raise MedencError("the encoder is frozen, and this objective has no heads that could learn", where="fit.frozen")


def _checkpoint_activations(trainee: nn.Module) -> None:
    for module in trainee.modules():
        if isinstance(module, PreTrainedModel):
            module.gradient_checkpointing_enable({"use_reentrant": False})


def _random_state() -> dict[str, np.ndarray]:
    state = {"cpu": torch.get_rng_state().numpy()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state().numpy()
    return state
