"""The loop: it learns, and a run that was killed ends as one that was not."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from small_run import PAIRS, training
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from medenc.core.errors import MedencError
from medenc.objectives.contrastive import Candidate, Contrastive, Example
from medenc.train import optimizer
from medenc.train.checkpoint import Checkpoints
from medenc.train.contract import rows_digest
from medenc.train.journal import LINES
from medenc.train.loop import Training

PROGRAM = Path(__file__).with_name("small_run.py")


def lines(folder):
    return (folder / "state" / LINES).read_bytes()


def state(run):
    """Every bit that a run ends with."""
    weights = {name: tensor.numpy().tobytes() for name, tensor in run.bare.state_dict().items()}
    moments = optimizer.moments(run.bare, run.optimizer)
    return weights | {name: array.tobytes() for name, array in moments.items()}


def finished(folder, **fit):
    run = training(folder, **fit)
    return run, run.run()


def test_a_frozen_encoder_needs_heads(tmp_path):
    with pytest.raises(MedencError, match=r"fit\.frozen: the encoder is frozen"):
        training(tmp_path, frozen=True)


def test_it_learns_and_tells_how(tmp_path):
    _, numbers = finished(tmp_path, max_steps=40, learning_rate=3e-3)
    journal = [json.loads(line) for line in lines(tmp_path).splitlines()]
    assert [line["step"] for line in journal] == list(range(1, 41))
    assert sum(line["loss"] for line in journal[-5:]) < 0.5 * sum(line["loss"] for line in journal[:5])
    assert journal[0]["losses"].keys() == {"contrastive"}
    assert numbers["steps"] == 40
    assert numbers["tokens_per_second"] > 0
    curves = EventAccumulator(str(tmp_path / "curves")).Reload()
    assert [event.step for event in curves.Scalars("loss/contrastive")] == list(range(1, 41))
    hours_left = [event.value for event in curves.Scalars("hours_left")]
    assert hours_left[-1] == 0 < hours_left[0]
    assert 0 < curves.Scalars("utilisation")[-1].value < 1
    assert 0 <= numbers["utilisation"] < 1


def test_epochs_are_counted_in_whole_batches(tmp_path):
    # 37 rows, the last batch filled up: 10 batches an epoch, two a step
    run = training(tmp_path, max_steps=None, num_train_epochs=3)
    assert run.total == 15


class KilledError(Exception):
    """Stands for a kill between two steps."""


def killed_after(folder, step, monkeypatch, **fit):
    """Run until `step` steps are done, then vanish."""
    original = Training._step

    def stops(self, number):
        if number == step:
            raise KilledError
        return original(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "_step", stops)
        with pytest.raises(KilledError):
            training(folder, **fit).run()


@pytest.mark.parametrize("step", [3, 10, 17])
def test_resumed_is_uninterrupted_bit_for_bit(tmp_path, monkeypatch, step):
    whole, _ = finished(tmp_path / "whole")
    killed_after(tmp_path / "killed", step, monkeypatch)
    resumed, numbers = finished(tmp_path / "killed")
    assert numbers["resumed_at"] == step // 5 * 5
    assert state(resumed) == state(whole)
    assert lines(tmp_path / "killed") == lines(tmp_path / "whole")


def kill_at_random(folder, steps, chance):
    """Start the program and kill it with no warning after a random line of its journal, or a little later."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), json.dumps({"max_steps": steps})], env=environment
    )
    journal, wanted = folder / "state" / LINES, chance.randrange(1, steps)
    while process.poll() is None and not (journal.exists() and lines(folder).count(b"\n") >= wanted):
        time.sleep(0.001)
    time.sleep(chance.random() * 0.03)
    process.kill()
    process.wait()


def resumes_after_kills(tmp_path, seed, kills, steps):
    chance = random.Random(seed)
    whole, _ = finished(tmp_path / "whole", max_steps=steps)
    for _ in range(kills):
        kill_at_random(tmp_path / "killed", steps, chance)
    resumed, _ = finished(tmp_path / "killed", max_steps=steps)
    assert state(resumed) == state(whole), f"seed {seed}"
    assert lines(tmp_path / "killed") == lines(tmp_path / "whole"), f"seed {seed}"


def test_kill_9_and_the_same_command_again(tmp_path):
    resumes_after_kills(tmp_path, seed=0, kills=2, steps=30)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 21))
def test_kill_9_at_many_moments(tmp_path, seed):
    resumes_after_kills(tmp_path, seed=seed, kills=2, steps=60)


ASKED = """
import os, sys
from pathlib import Path
from small_run import training
from medenc.train.loop import Training
original = Training._step
def asked(self, step):
    if step == 6:
        os.kill(os.getpid(), int(sys.argv[2]))
    return original(self, step)
Training._step = asked
training(Path(sys.argv[1])).run()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_to_stop_saves_and_leaves(tmp_path, number):
    """In a process of its own, which is what such a signal ends."""
    training(tmp_path / "stopped")  # makes the tokenizer
    left = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", ASKED, str(tmp_path / "stopped"), str(int(number))],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert left.returncode == 128 + number, left.stderr[-2000:]
    resumed, numbers = finished(tmp_path / "stopped")
    assert numbers["resumed_at"] == 7
    assert state(resumed) == state(finished(tmp_path / "whole")[0])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"learning_rate": 2e-3}, "fit.learning_rate"),
        ({"seed": 1}, "fit.seed, start"),
        ({"threads": 2}, "fit.threads, threads"),
        ({"objective": Contrastive(temperature=0.1)}, "objective.temperature"),
    ],
)
def test_a_run_with_other_options_does_not_resume(tmp_path, monkeypatch, change, named):
    killed_after(tmp_path, 7, monkeypatch)
    try:
        with pytest.raises(MedencError, match=f"the run to resume differs in {named} "):
            training(tmp_path, **change).run()
    finally:
        torch.set_num_threads(1)


def test_a_run_on_other_data_or_another_torch_does_not_resume(tmp_path, monkeypatch):
    killed_after(tmp_path, 7, monkeypatch)
    run = training(tmp_path)
    rows = [*run.rows[1:], run.rows[0]]
    with pytest.raises(MedencError, match="differs in data "):
        training(tmp_path, rows=rows).run()
    monkeypatch.setattr(torch, "__version__", "0.0")
    with pytest.raises(MedencError, match="differs in torch "):
        training(tmp_path).run()


def test_a_run_on_other_development_data_does_not_resume(tmp_path, monkeypatch):
    """Seen to fail when the contract knew only that something is measured: the best of two data was kept."""
    fit = {"measure": lambda: {"RR": 0.5}, "eval_every_steps": 2}
    killed_after(tmp_path, 7, monkeypatch, dev="one", **fit)
    with pytest.raises(MedencError, match="the run to resume differs in dev "):
        training(tmp_path, dev="other", **fit).run()


def test_what_rows_share_is_hashed_once_and_counts_for_each():
    class Counted(np.ndarray):
        reads = 0

        def tobytes(self):
            Counted.reads += 1
            return super().tobytes()

    shared, same = (Candidate(np.arange(6).view(Counted), np.arange(2)) for _ in range(2))
    row = Example("q", np.arange(3), same, (shared,) * 300, np.arange(1))
    found = rows_digest([row, row])
    assert Counted.reads == 2
    assert found == rows_digest([row, replace(row, negatives=(same,) * 300)])
    assert found != rows_digest([row, replace(row, negatives=(shared,) * 299)])


def test_saving_more_often_changes_nothing_but_the_moments_of_saving(tmp_path, monkeypatch):
    killed_after(tmp_path / "killed", 7, monkeypatch, save_every_steps=2)
    resumed, numbers = finished(tmp_path / "killed", save_every_steps=9)
    assert numbers["resumed_at"] == 6
    assert state(resumed) == state(finished(tmp_path / "whole")[0])


class Poisoned(Contrastive):
    """Gives a loss that is not finite as soon as row q20 is in a batch."""

    def collate(self, rows, tokenizer, rng):
        arrays = super().collate(rows, tokenizer, rng)
        return arrays | {"poison": torch.tensor([any(row.id == "q20" for row in rows)]).numpy()}

    def losses(self, model, heads, batch):
        found = super().losses(model, heads, batch)
        return {name: loss / ~batch["poison"][0] for name, loss in found.items()}


def test_a_loss_that_is_not_finite_stops_with_step_and_rows_and_keeps_what_was_good(tmp_path):
    """The state before is not written over, and the same command fails in the same way from there."""
    run = training(tmp_path, objective=Poisoned(), save_every_steps=2)
    place = next(p for p in range(60) if 20 in run.batches.at(p)[1])
    message = rf"the loss is not finite at step {place // 2 + 1}, on rows .*20 \(q20\)"
    with pytest.raises(MedencError, match=message):
        run.run()
    assert lines(tmp_path).count(b"\n") == place // 2 == 3
    saved = [path.name for path in (tmp_path / "state").glob("step-*")]
    assert saved == ["step-000000002"]
    assert all(np.isfinite(value).all() for value in run.store.newest().arrays["model"].values())
    with pytest.raises(MedencError, match=message):
        training(tmp_path, objective=Poisoned(), save_every_steps=2).run()


class Kinked(Contrastive):
    """Adds 0 to the loss, by a root whose slope is infinite there."""

    def losses(self, model, heads, batch):
        found = super().losses(model, heads, batch)
        return {name: loss + ((loss - loss.detach()) ** 2).sqrt() for name, loss in found.items()}


def test_a_gradient_that_is_not_finite_stops_before_it_is_taken(tmp_path):
    run = training(tmp_path, objective=Kinked())
    before = state(run)
    with pytest.raises(MedencError, match="the gradient is not finite at step 1, on rows "):
        run.run()
    assert state(run) == before


def test_the_weights_written_last_are_those_of_before(tmp_path, monkeypatch):
    """Two checkpoints are kept, and a damaged newest one is named and passed over."""
    killed_after(tmp_path, 17, monkeypatch)
    saved = sorted((tmp_path / "state").glob("step-*"))
    assert [path.name for path in saved] == ["step-000000010", "step-000000015"]
    file = saved[-1] / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.warns(UserWarning, match=r"step-000000015: damaged checkpoint: model\.safetensors"):
        resumed, numbers = finished(tmp_path)
    assert numbers["resumed_at"] == 10
    assert state(resumed) == state(finished(tmp_path / "whole")[0])


def test_no_rows_is_a_users_mistake(tmp_path):
    with pytest.raises(MedencError, match="nothing to train on"):
        training(tmp_path, rows=[])


def test_token_budget_and_row_batches_see_every_row_each_epoch(tmp_path):
    run = training(tmp_path, tokens_per_batch=60)
    for epoch in range(3):
        seen = [row for batch in run.batches.epoch(epoch) for row in batch]
        assert sorted(seen) == list(range(len(PAIRS)))
    assert isinstance(run.store, Checkpoints)


def scored(*scores):
    """A measure that gives these scores one after the other, and then the last one."""
    left = list(scores)
    return lambda: {"RR": left.pop(0) if len(left) > 1 else left[0], "loss": 0.5}


def test_the_best_weights_on_development_data_are_kept(tmp_path):
    fit = {"eval_every_steps": 4, "max_steps": 12}
    best, numbers = finished(tmp_path / "best", measure=scored(0.1, 0.3, 0.2), **fit)
    assert (numbers["best_step"], numbers["dev"]) == (8, {"RR": 0.3, "loss": 0.5})
    last, numbers = finished(tmp_path / "last", measure=scored(0.1, 0.3, 0.2), keep="last", **fit)
    assert (numbers["kept"], numbers["best_step"], numbers["dev"]["RR"]) == ("last", 8, 0.2)
    # the schedule is that of twelve steps, so the weights after eight are those of the killed run's checkpoint
    stopped = finished(tmp_path / "stop", measure=scored(0.1, 0.3, 0.2), keep="last", early_stopping_patience=1, **fit)
    assert stopped[1]["steps"] == 12
    weights = {name: tensor.numpy().tobytes() for name, tensor in best.bare.state_dict().items()}
    assert weights != {name: tensor.numpy().tobytes() for name, tensor in last.bare.state_dict().items()}


def test_training_stops_early_when_nothing_gets_better(tmp_path):
    run, numbers = finished(
        tmp_path, measure=scored(0.3, 0.2), max_steps=20, eval_every_steps=2, early_stopping_patience=2
    )
    assert (numbers["steps"], numbers["best_step"]) == (6, 2)
    assert [line["step"] for line in map(json.loads, lines(tmp_path).splitlines()) if "dev" in line] == [2, 4, 6]
    assert run.total == 20


def test_weights_that_nobody_keeps_are_not_stored(tmp_path, monkeypatch):
    """Seen to fail with the best weights copied and checkpointed whatever `keep` says."""
    fit = {"eval_every_steps": 2, "max_steps": 12, "keep": "last"}
    killed_after(tmp_path, 6, monkeypatch, measure=scored(0.3, 0.2, 0.1), **fit)
    saved = load_file(sorted((tmp_path / "state").glob("step-*"))[-1] / "best.safetensors")
    assert not [name for name in saved if name.startswith("weight.")]
    _, numbers = finished(tmp_path, measure=scored(0.2), **fit)
    assert (numbers["best_step"], numbers["dev"]["RR"]) == (2, 0.2)


def test_a_killed_run_remembers_the_best(tmp_path, monkeypatch):
    """Seen to fail with the best weights left out of the checkpoint."""
    fit = {"eval_every_steps": 2, "max_steps": 12}
    whole, expected = finished(tmp_path / "whole", measure=scored(0.1, 0.3, 0.2), **fit)
    killed_after(tmp_path / "killed", 6, monkeypatch, measure=scored(0.1, 0.3, 0.2), **fit)
    resumed, numbers = finished(tmp_path / "killed", measure=scored(0.2), **fit)
    assert (numbers["best_step"], numbers["dev"]) == (expected["best_step"], expected["dev"])
    for name, tensor in whole.bare.state_dict().items():
        assert torch.equal(resumed.bare.state_dict()[name], tensor), name
