"""The recipes that pre-train run on their stand-ins, and leave what others can go on with."""

import pytest
from transformers import AutoModel

from medenc.recipe import load


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("en-biolinkbert-pretraining", {"relation_accuracy", "linked_recall", "masked_accuracy"}),
        ("zh-ernie-health-pretraining", {"replaced_f1", "selected_accuracy", "generator_loss"}),
        ("en-biom-electra-pretraining", {"replaced_accuracy", "replaced_recall", "generator_accuracy"}),
    ],
)
def test_smoke(name, measured, tmp_path):
    results = load(name, tmp_path / "runs", smoke=True).run()
    found = results[-1]
    assert set(found.numbers["fit"]["dev"]) >= measured
    assert AutoModel.from_pretrained(found.out).config.hidden_size == 128
    assert (found.out / "heads.safetensors").is_file()
