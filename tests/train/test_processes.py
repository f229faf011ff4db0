"""Two processes are as one: the same losses and weights, whatever the batch is made of."""

import json
from pathlib import Path

import pytest
import torch
from launching import launch
from safetensors.torch import load_file
from small_run import training

PROGRAM = Path(__file__).with_name("small_run.py")
OPTIONS = {"max_steps": 4, "dropout": 0.0, "gradient_accumulation_steps": 2, "precision": "fp32"}


def run_on(processes, folder, **options):
    """The weights at the end, and the lines of the journal."""
    training(folder)  # makes the tokenizer, which the processes then share
    launch(processes, str(PROGRAM), str(folder), json.dumps(OPTIONS | options))
    journal = [json.loads(line) for line in (folder / "state" / "metrics.jsonl").read_text().splitlines()]
    return load_file(folder / "end.safetensors"), journal


@pytest.mark.parametrize(
    "objective",
    [
        {"negatives": 2, "symmetric": True},
        {"negatives": 1, "dimensions": [32], "chunk_rows": 3},
    ],
    ids=["mined and symmetric", "chunked and nested"],
)
def test_two_processes_equal_one(tmp_path, objective):
    """Seen to fail with the backward pass of `gathered` giving only its own process's gradient, and without the
    factor that undoes the averaging of gradients."""
    one, lines = run_on(1, tmp_path / "one", per_device_batch_size=6, objective=objective)
    two, other_lines = run_on(2, tmp_path / "two", per_device_batch_size=3, objective=objective)
    assert [line["loss"] for line in other_lines] == pytest.approx([line["loss"] for line in lines], rel=1e-5)
    for name, weights in one.items():  # Adam makes a step of 1e-3 of any gradient: a tenth of one is rounding
        torch.testing.assert_close(two[name], weights, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.slow
def test_no_process_is_left_without_a_row(tmp_path):
    """Seen to fail without the filling up: a batch of one row left one process none, and the backbone refused."""
    _, journal = run_on(2, tmp_path, tokens_per_batch=1, max_steps=2, objective={})
    assert len(journal) == 2
