"""The masked language model: its batches, its loss and what it measures."""

import math

import numpy as np
import pytest
import torch
from corpus import TEXTS, encoder, random, tensors
from torch.nn.functional import cross_entropy, linear

from medenc.core.errors import MedencError
from medenc.data.masking import IGNORED
from medenc.models.encoder import separate
from medenc.models.pretraining import word_embeddings
from medenc.objectives.masked_lm import MaskedLM


@pytest.fixture(scope="module")
def rows(tokenizer):
    return MaskedLM().prepare(TEXTS, tokenizer, 64)[0]


def test_masks_are_the_row_s_own_and_new_every_epoch(tokenizer, rows):
    objective = MaskedLM()
    together = objective.collate(rows[:6], tokenizer, random())
    alone = objective.collate([rows[3]], tokenizer, random(position=9))
    width = rows[3].tokens
    for name, array in alone.items():
        np.testing.assert_array_equal(array[0], together[name][3, :width])
    later = objective.collate(rows[:6], tokenizer, random(epoch=1))
    assert (later["labels"] != together["labels"]).any()


def test_the_loss_at_the_masks_is_that_of_the_whole_projection(tokenizer, rows):
    model = encoder(tokenizer)
    heads = MaskedLM().heads(model)
    torch.nn.init.normal_(heads.bias)
    batch = tensors(MaskedLM().collate(rows[:8], tokenizer, random()))
    found = MaskedLM().losses(model, heads, batch)["masked"]
    hidden = model.backbone(batch["input_ids"], batch["attention_mask"]).last_hidden_state
    logits = linear(heads.norm(torch.nn.functional.gelu(heads.dense(hidden))), word_embeddings(model), heads.bias)
    expected = cross_entropy(logits.flatten(0, 1), batch["labels"].flatten(), ignore_index=IGNORED)
    ours, theirs = (
        torch.autograd.grad(loss, word_embeddings(model), retain_graph=True)[0] for loss in (found, expected)
    )
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(ours, theirs)


def test_it_begins_at_chance(tokenizer, rows):
    model = encoder(tokenizer)
    batch = tensors(MaskedLM().collate(rows, tokenizer, random()))
    loss = MaskedLM().losses(model, MaskedLM().heads(model), batch)["masked"]
    assert loss.item() == pytest.approx(math.log(len(tokenizer)), abs=0.1)


def test_a_batch_without_a_mask_loses_nothing_and_has_a_gradient(tokenizer, rows):
    model = encoder(tokenizer)
    heads = MaskedLM().heads(model)
    batch = tensors(MaskedLM().collate(rows[:2], tokenizer, random()))
    batch["labels"][:] = IGNORED
    loss = MaskedLM().losses(model, heads, batch)["masked"]
    loss.backward()
    assert loss.item() == 0
    assert all(parameter.grad is not None for parameter in heads.parameters())


def test_it_measures_the_same_masks_every_time(tokenizer, rows):
    model = encoder(tokenizer).eval()
    heads = MaskedLM().heads(model)
    measure = MaskedLM().measure(TEXTS, tokenizer, model, heads)
    first = measure()
    assert list(first) == ["masked_accuracy", "masked_loss"]
    assert first == measure()
    batch = tensors(MaskedLM().collate(rows, tokenizer, np.random.default_rng([0, 0, 0])))
    assert first["masked_loss"] == pytest.approx(MaskedLM().losses(model, heads, batch)["masked"].item(), abs=1e-5)
    with torch.no_grad():  # a head that is always sure of one token is right where that token stands
        heads.bias[:] = -1e6
        heads.bias[batch["labels"].max()] = 0
    share = (batch["labels"] == batch["labels"].max()).sum() / (batch["labels"] != IGNORED).sum()
    assert measure()["masked_accuracy"] == pytest.approx(share.item())


def test_two_towers_are_refused(tokenizer):
    with pytest.raises(MedencError, match="of one encoder"):
        MaskedLM().heads(separate(encoder(tokenizer)))


@pytest.mark.oracle
def test_transformers_masked_lm_has_the_same_loss(tokenizer, rows):
    transformers = pytest.importorskip("transformers")
    model = encoder(tokenizer)
    heads = MaskedLM().heads(model)
    theirs = transformers.BertForMaskedLM(model.backbone.config).eval()
    theirs.bert.load_state_dict(model.backbone.state_dict())
    head = theirs.cls.predictions
    head.transform.dense.load_state_dict(heads.dense.state_dict())
    head.transform.LayerNorm.load_state_dict(heads.norm.state_dict())
    batch = tensors(MaskedLM().collate(rows[:8], tokenizer, random()))
    expected = theirs(**batch).loss
    torch.testing.assert_close(MaskedLM().losses(model.eval(), heads, batch)["masked"], expected)
