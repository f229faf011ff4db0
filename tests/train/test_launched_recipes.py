"""A recipe on several processes: the first does the steps, all train, and the result is that of one."""

import json

import pytest
from launching import launch
from safetensors.torch import load_file

from medenc.core.artifact import open_artifact
from medenc.core.errors import MedencError
from medenc.recipe import load

RECIPE = """
name = "two"
[source.data]
path = "package:sample"
[step.tokenizer]
use = "tokenizer"
texts = ["@data"]
vocab_size = 800
[step.align]
use = "train"
start = {size = "tiny"}
tokenizer = "@tokenizer"
encoder = {pooling = "mean", max_tokens = 16}
objective = {use = "self_alignment"}
data = [{use = "terms", path = "@data/terms.tsv"}]
dev = [{use = "terms", path = "@data/terms.tsv"}]
fit = {max_steps = 3, per_device_batch_size = 8, threads = 1, keep = "last"}
[step.retrieve]
use = "train"
start = "@align"
objective = {use = "contrastive", temperature = 0.1}
data = [{use = "pairs", path = "@data", split = "train"}]
fit = {max_steps = 2, per_device_batch_size = 4, threads = 1}
backend = "none"
"""
HALF = ("align.fit.per_device_batch_size=4", "retrieve.fit.per_device_batch_size=2")


@pytest.mark.slow
def test_two_processes_run_a_recipe_as_one_does(tmp_path):
    recipe = tmp_path / "two.toml"
    recipe.write_text(RECIPE)
    load(recipe, tmp_path / "one").run()
    command = ("-m", "medenc", "run", str(recipe), *HALF, "--out", str(tmp_path / "two"), "--json")
    done = launch(2, *command, capture_output=True, text=True)
    (printed,) = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [step["skipped"] for step in printed["steps"]] == [False, False, False]
    for step in ("align", "retrieve"):
        one, two = (open_artifact(tmp_path / name / step) for name in ("one", "two"))
        assert two.damaged() == []
        assert two.manifest["numbers"]["data"] == one.manifest["numbers"]["data"]
        lines = [(found.path / "metrics.jsonl").read_text().splitlines() for found in (one, two)]
        losses = [[json.loads(line)["loss"] for line in own] for own in lines]
        assert losses[1] == pytest.approx(losses[0], rel=1e-3)
        assert not (tmp_path / "two" / f"{step}.checkpoints").exists()
    weights = [load_file(tmp_path / name / "align" / "model.safetensors") for name in ("one", "two")]
    for name, tensor in weights[0].items():
        assert (tensor - weights[1][name]).abs().max() < 1e-3, name
    again = launch(2, *command, capture_output=True, text=True)
    assert all(step["skipped"] for step in json.loads(again.stdout.splitlines()[-1])["steps"])


def test_several_processes_of_an_unknown_launcher_are_refused(tmp_path, monkeypatch):
    """Seen to fail: each of them ran every step into the same folder."""
    (tmp_path / "two.toml").write_text(RECIPE)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(MedencError, match=r"2 processes of a launcher that is not known .torchrun"):
        load(tmp_path / "two.toml", tmp_path / "runs").run()
    assert not (tmp_path / "runs").exists()
