"""ELECTRA: what the generator puts in, the loss by hand, and one matrix of word embeddings."""

import math

import numpy as np
import pytest
import torch
from corpus import TEXTS, encoder, random, tensors
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from medenc.data.masking import IGNORED
from medenc.models.pretraining import word_embeddings
from medenc.objectives.replaced_token import ReplacedToken


@pytest.fixture(scope="module")
def rows(tokenizer):
    return ReplacedToken().prepare(TEXTS, tokenizer, 64)[0]


@pytest.fixture
def trained(tokenizer):
    model = encoder(tokenizer)
    return model, ReplacedToken().heads(model)


@pytest.fixture
def batch(tokenizer, rows):
    return tensors(ReplacedToken().collate(rows[:8], tokenizer, random()))


def guess(model, heads, batch):
    names = ("input_ids", "attention_mask", "labels", "lots")
    return heads["generator"](*(batch[name] for name in names), word_embeddings(model))


def test_only_masked_tokens_are_guessed_and_a_right_guess_is_no_replacement(trained, batch):
    model, heads = trained
    with torch.no_grad():
        heads["generator"].vocabulary.bias[10:20] = 30  # some of ten tokens, among them right ones by chance
    guessed = guess(model, heads, batch)
    chosen = batch["labels"] != IGNORED
    assert (guessed.ids[~chosen] == batch["input_ids"][~chosen]).all()
    assert ((guessed.ids[chosen] >= 10) & (guessed.ids[chosen] < 20)).all()
    assert (guessed.replaced == (chosen & (guessed.ids != batch["labels"]))).all()
    with torch.no_grad():
        heads["generator"].vocabulary.bias[:] = -1e4
        heads["generator"].vocabulary.bias[batch["labels"][chosen][0]] = 1e4
    assert not guess(model, heads, batch).replaced[chosen][0]  # it guessed the first one right


def test_the_losses_are_those_of_the_paper(trained, batch):
    model, heads = trained
    found = ReplacedToken().losses(model, heads, batch)
    guessed = guess(model, heads, batch)
    hidden = model.backbone(guessed.ids, batch["attention_mask"]).last_hidden_state
    logits, kept = heads["replaced"](hidden), batch["attention_mask"].bool()
    expected = binary_cross_entropy_with_logits(logits[kept], guessed.replaced[kept].float())
    torch.testing.assert_close(found["replaced"], 50 * expected)
    torch.testing.assert_close(found["generator"], cross_entropy(guessed.logits, guessed.truth))
    halved = ReplacedToken(generator_weight=0.5, replaced_weight=25).losses(model, heads, batch)
    torch.testing.assert_close(halved, {name: loss / 2 for name, loss in found.items()})


def test_it_begins_at_chance(trained, tokenizer, rows):
    model, heads = trained
    losses = ReplacedToken().losses(model, heads, tensors(ReplacedToken().collate(rows, tokenizer, random())))
    assert losses["generator"].item() == pytest.approx(math.log(len(tokenizer)), abs=0.1)
    assert losses["replaced"].item() == pytest.approx(50 * math.log(2), rel=0.1)


def test_the_word_embeddings_are_one_matrix_and_the_discriminator_teaches_the_generator_nothing_else(trained, batch):
    model, heads = trained
    assert not any(parameter.shape == word_embeddings(model).shape for parameter in heads.parameters())
    ReplacedToken().losses(model, heads, batch)["replaced"].backward()
    assert all(parameter.grad is None for parameter in heads["generator"].parameters())
    model.zero_grad()
    ReplacedToken().losses(model, heads, batch)["generator"].backward()
    assert word_embeddings(model).grad.abs().sum() > 0
    others = [parameter for parameter in model.parameters() if parameter is not word_embeddings(model)]
    assert all(parameter.grad is None for parameter in others)


def test_guesses_are_the_row_s_own(trained, tokenizer, rows):
    model, heads = trained
    model.eval()
    heads.eval()
    objective = ReplacedToken()
    both = guess(model, heads, tensors(objective.collate(rows[:4], tokenizer, random())))
    alone = guess(model, heads, tensors(objective.collate([rows[2]], tokenizer, random(position=3))))
    width = rows[2].tokens
    assert (both.ids[2, :width] == alone.ids[0]).all()


def test_the_generator_has_the_width_that_was_asked_for(tokenizer):
    model = encoder(tokenizer)
    for width, hidden in ((1, 128), (0.5, 64), (0.1, 64)):  # whole attention heads of 64
        assert ReplacedToken(generator_width=width).heads(model)["generator"].backbone.config.hidden_size == hidden


def test_a_batch_without_a_mask_is_still_judged(trained, batch):
    model, heads = trained
    batch["labels"][:] = IGNORED
    losses = ReplacedToken().losses(model, heads, batch)
    sum(losses.values()).backward()
    assert losses["generator"].item() == 0 < losses["replaced"].item()
    assert all(parameter.grad is not None for parameter in heads.parameters())


def test_it_measures_replaced_tokens_of_other_rows(trained, tokenizer, rows):
    model, heads = trained
    model.eval()
    heads.eval()
    with torch.no_grad():
        heads["replaced"].out.weight[:] = 0
        heads["replaced"].out.bias[:] = -1  # says that nothing was replaced
    scores = ReplacedToken().measure(TEXTS, tokenizer, model, heads)()
    arrays = ReplacedToken().collate(rows, tokenizer, np.random.default_rng([0, 0, 0]))
    guessed = guess(model, heads, tensors(arrays))
    right = 1 - guessed.replaced.sum().item() / arrays["attention_mask"].sum()
    assert scores["replaced_accuracy"] == pytest.approx(right)
    assert scores["replaced_recall"] == scores["replaced_precision"] == 0
    assert next(iter(scores)) == "replaced_f1"  # nobody is best by calling every token an original


@pytest.mark.oracle
def test_transformers_discriminator_has_the_same_loss(trained, batch):
    transformers = pytest.importorskip("transformers")
    model, heads = trained
    config = transformers.ElectraConfig(
        vocab_size=word_embeddings(model).shape[0],
        embedding_size=128,
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=512,
    )
    theirs = transformers.ElectraForPreTraining(config).eval()
    head = theirs.discriminator_predictions
    head.dense.load_state_dict(heads["replaced"].dense.state_dict())
    head.dense_prediction.load_state_dict(heads["replaced"].out.state_dict())
    model.backbone = theirs.electra  # an ELECTRA checkpoint as the start
    guessed = guess(model, heads.eval(), batch)
    expected = theirs(guessed.ids, batch["attention_mask"], labels=guessed.replaced.long()).loss
    torch.testing.assert_close(ReplacedToken().losses(model, heads, batch)["replaced"], 50 * expected)
