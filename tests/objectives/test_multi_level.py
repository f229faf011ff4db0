"""ERNIE-Health's objective: two views, candidates, and the losses that it begins with."""

import math

import numpy as np
import pytest
import torch
from corpus import TEXTS, encoder, random, tensors

from medenc.data.masking import IGNORED
from medenc.data.sequences import TextRow
from medenc.data.shards import Tokens
from medenc.models.discrimination import two_views
from medenc.models.encoder import Contract, from_size
from medenc.models.pretraining import word_embeddings
from medenc.objectives.multi_level import MultiLevel


@pytest.fixture(scope="module")
def rows(tokenizer):
    return MultiLevel().prepare(TEXTS, tokenizer, 64)[0]


@pytest.fixture
def trained(tokenizer):
    model = encoder(tokenizer)
    return model, MultiLevel().heads(model)


@pytest.fixture
def batch(tokenizer, rows):
    return tensors(MultiLevel().collate(rows[:8], tokenizer, random()))


class Chinese:
    """A tokenizer with the size of ERNIE-Health's vocabulary."""

    pad_token_id, cls_token_id, sep_token_id, mask_token_id = 0, 1, 2, 3
    all_special_ids = [0, 1, 2, 3]

    def __len__(self):
        return 22608


def test_the_losses_begin_where_chance_puts_them():
    """83.2 in all at 8 texts a batch. Source: the golden values of the specification."""
    rng = np.random.default_rng(0)
    texts = [
        TextRow(f"{n}", n, Tokens(rng.integers(4, 22608, 100), np.ones(100, dtype=bool), np.zeros(100, dtype=np.uint8)))
        for n in range(8)
    ]
    torch.manual_seed(0)
    model = from_size("tiny", 22608, Contract(max_tokens=128))
    heads = MultiLevel().heads(model)
    losses = MultiLevel().losses(model, heads, tensors(MultiLevel().collate(texts, Chinese(), random())))
    assert losses["generator"].item() == pytest.approx(math.log(22608), abs=0.1)
    assert losses["replaced"].item() == pytest.approx(50 * math.log(2), rel=0.03)
    assert losses["selected"].item() == pytest.approx(20 * math.log(6), rel=0.03)
    assert losses["sequence"].item() == pytest.approx(math.log(15), abs=0.3)
    assert sum(losses.values()).item() == pytest.approx(83.2, abs=1.5)


def test_the_views_are_masked_independently(tokenizer, rows):
    arrays = MultiLevel().collate(rows[:8], tokenizer, random())
    assert arrays["input_ids"].shape[0] == 16
    one, other = np.split(arrays["labels"] != IGNORED, 2)
    assert (one != other).any(axis=1).sum() >= 7
    true = [
        np.where(arrays["labels"] == IGNORED, arrays["input_ids"], arrays["labels"])[part]
        for part in (slice(8), slice(8, 16))
    ]
    np.testing.assert_array_equal(*true)


def test_the_candidates_are_the_true_token_and_five_other_ones(trained, batch):
    model, heads = trained
    guessed, _, scores = MultiLevel._judged(model, heads, batch)
    found = heads["generator"].others(guessed, batch["labels"], batch["lots"][:, :, 1:])
    assert found.shape == scores.shape == (int(guessed.replaced.sum()), 6)
    assert (found[:, 0] == batch["labels"][guessed.replaced]).all()
    assert all(len(set(row)) == 6 for row in found.tolist())


def test_a_score_is_the_query_times_the_embedding_and_a_bias(trained, batch):
    model, heads = trained
    head, embeddings = heads["selected"], word_embeddings(model)
    hidden, candidates = torch.randn(3, 128), torch.tensor([[7, 8], [9, 7], [10, 11]])
    scores = head(hidden, candidates, embeddings)
    query = torch.nn.functional.gelu(head.dense(hidden))
    expected = [[query[n] @ embeddings[c] + head.bias[c] for c in row] for n, row in enumerate(candidates.tolist())]
    torch.testing.assert_close(scores, torch.stack([torch.stack(row) for row in expected]))


def test_the_second_view_of_a_text_is_its_positive(trained, batch):
    model, heads = trained
    heads.eval()
    _, hidden, _ = MultiLevel._judged(model, heads, batch)
    vectors = heads["sequence"](hidden[:, 0])
    assert vectors.shape == (16, 128)
    found = MultiLevel().losses(model, heads, batch)["sequence"]
    torch.testing.assert_close(found, two_views(vectors[:8], vectors[8:], 0.07))


def test_weights_multiply_the_losses(trained, batch):
    model, heads = trained
    found = MultiLevel().losses(model, heads, batch)
    plain = MultiLevel(replaced_weight=1, selected_weight=1).losses(model, heads, batch)
    torch.testing.assert_close(found["replaced"], 50 * plain["replaced"])
    torch.testing.assert_close(found["selected"], 20 * plain["selected"])
    silent = MultiLevel(generator_weight=0, sequence_weight=0).losses(model, heads, batch)
    assert silent["generator"].item() == silent["sequence"].item() == 0


def test_a_batch_without_a_replaced_token_has_no_candidates(trained, batch):
    model, heads = trained
    batch["labels"][:] = IGNORED
    losses = MultiLevel().losses(model, heads, batch)
    sum(losses.values()).backward()
    assert losses["selected"].item() == losses["generator"].item() == 0
    assert all(parameter.grad is not None for parameter in [*heads.parameters(), *model.parameters()])


def test_it_measures_every_level_of_tokens(trained, tokenizer):
    model, heads = trained
    model.eval()
    heads.eval()
    measure = MultiLevel().measure(TEXTS, tokenizer, model, heads)
    scores = measure()
    assert scores == measure()
    assert next(iter(scores)) == "replaced_f1"  # nobody is best by calling every token an original
    assert scores["selected_loss"] == pytest.approx(math.log(6), rel=0.1)
    assert scores["generator_loss"] == pytest.approx(math.log(len(tokenizer)), rel=0.1)
