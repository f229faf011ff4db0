"""The pre-training objectives in the one loop: several processes, resuming, divergence, and the folder they leave."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from pretraining_run import TEXTS, training
from safetensors.torch import load_file

from medenc.core.artifact import writing
from medenc.core.errors import MedencError
from medenc.steps.prepare import Prepare
from medenc.text.tokenizer import save_tokenizer, train_wordpiece

PROGRAM = Path(__file__).with_name("pretraining_run.py")
OBJECTIVES = ["masked_lm", "replaced_token", "multi_level", "document_link"]


def folder(path, use):
    """A folder with a tokenizer and, for the objective that reads them, a corpus of linked documents."""
    path.mkdir()
    save_tokenizer(train_wordpiece([text.content for text in TEXTS], 200), path / "tokenizer")
    if use != "document_link":
        return path
    documents = [{"id": text.id, "text": text.text, "links": [f"d{(n + 1) % 20}"]} for n, text in enumerate(TEXTS)]
    (path / "texts.jsonl").write_text("".join(json.dumps(document) + "\n" for document in documents))
    step = Prepare(files=[path / "texts.jsonl"], tokenizer=path / "tokenizer", max_tokens=48, links="explicit")
    with writing(path / "shards", step.kind, options={}) as draft:
        step.run(draft)
    return path


def run_on(processes, path, **options):
    """The weights at the end, and the lines of the journal."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    launcher = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        str(processes),
        "--master-port",
        port,
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    subprocess.run([*launcher, str(PROGRAM), str(path), json.dumps(options)], env=environment, check=True, timeout=300)
    lines = (path / "state" / "metrics.jsonl").read_text().splitlines()
    return load_file(path / "end.safetensors"), [json.loads(line) for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("use", OBJECTIVES)
def test_two_processes_equal_one(tmp_path, use):
    """The same masks, guesses, candidates and pairs are drawn, and a vector's negatives are those of both processes."""
    one, lines = run_on(1, folder(tmp_path / "one", use), use=use, per_device_batch_size=6, precision="fp32")
    two, other_lines = run_on(2, folder(tmp_path / "two", use), use=use, per_device_batch_size=3, precision="fp32")
    for line, other in zip(lines, other_lines, strict=True):
        assert other["losses"] == pytest.approx(line["losses"], rel=2e-4)
    for name, weights in one.items():
        torch.testing.assert_close(two[name], weights, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.parametrize("use", OBJECTIVES)
def test_a_resumed_run_ends_in_the_same_weights(tmp_path, use):
    whole = training(folder(tmp_path / "whole", use), use, dropout=0.1)
    whole.run()
    parted = training(folder(tmp_path / "parted", use), use, dropout=0.1)
    parted.total = 2  # it ends after two steps, whose state is kept
    parted.run()
    resumed = training(tmp_path / "parted", use, dropout=0.1)
    assert resumed.run()["resumed_at"] == 2
    for name, weights in whole.bare.state_dict().items():
        assert torch.equal(resumed.bare.state_dict()[name], weights), name


def test_a_loss_that_is_no_number_stops_the_run_and_names_the_rows(tmp_path):
    run = training(folder(tmp_path / "run", "multi_level"), "multi_level", learning_rate=1e30, max_grad_norm=None)
    with pytest.raises(MedencError, match=r"not finite at step \d+, on rows \d+ \(d\d+:0\)"):
        run.run()
