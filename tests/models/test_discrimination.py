"""Losses of discrimination, by hand and by the published numbers, and the drawing of tokens."""

import math

import pytest
import torch

from medenc.models.discrimination import replaced_tokens, selected_tokens, two_views
from medenc.models.sampling import _drawn_one_by_one, draw


def test_two_views_have_the_published_rows():
    """Seen to fail with the diagonal left in, and with positives one row off."""
    one = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    other = torch.tensor([[0.6, 0.8], [-1.0, 0.0]], dtype=torch.float64)
    assert two_views(one, other, 0.07).item() == pytest.approx(3.585490, abs=1e-5)
    assert two_views(one * 3, other * 0.5, 0.07).item() == pytest.approx(3.585490, abs=1e-5)  # directions alone count


def test_one_sequence_has_nothing_to_be_told_from():
    assert two_views(torch.randn(1, 4), torch.randn(1, 4), 0.07).item() == 0


def test_replaced_tokens_count_what_is_no_padding():
    logits = torch.tensor([[0.0, 2.0, -1.0]])
    replaced, kept = torch.tensor([[False, True, True]]), torch.tensor([[True, True, False]])
    expected = math.log(2) + math.log(1 + math.exp(-2))
    assert replaced_tokens(logits, replaced, kept).item() == pytest.approx(expected, abs=1e-6)


def test_the_first_candidate_is_the_right_one():
    scores = torch.tensor([[0.0] * 6, [math.log(5), *[0.0] * 5]])
    assert selected_tokens(scores).item() == pytest.approx(math.log(6) + math.log(2), abs=1e-6)
    assert selected_tokens(torch.zeros(0, 6)).item() == 0


def test_tokens_are_drawn_as_often_as_their_probability_says():
    logits = torch.tensor([0.5, 0.3, 0.0, 0.2]).log().expand(40_000, 4)
    lots = (torch.arange(40_000) + 0.5)[:, None] / 40_000
    assert torch.bincount(draw(logits, lots)[:, 0], minlength=4).tolist() == [20_000, 12_000, 0, 8_000]


def test_further_tokens_are_drawn_without_those_before():
    """Plackett and Luce: the second is b after a with p(a) p(b) / (1 - p(a))."""
    share = torch.tensor([0.5, 0.3, 0.2])
    lots = torch.rand(60_000, 2, generator=torch.Generator().manual_seed(1))
    pairs = draw(share.log().expand(60_000, 3), lots)
    for a in range(3):
        for b in range(3):
            expected = 0 if a == b else share[a] * share[b] / (1 - share[a])
            found = ((pairs[:, 0] == a) & (pairs[:, 1] == b)).float().mean()
            assert found.item() == pytest.approx(float(expected), abs=0.01)


def test_gumbel_noise_and_the_k_largest_have_the_same_distribution():
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn(6, generator=generator)
    noise = -(-torch.rand(60_000, 6, generator=generator).log()).log()
    theirs = (logits + noise).topk(3).indices
    ours = draw(logits.expand(60_000, 6), torch.rand(60_000, 3, generator=generator))
    for place in range(3):
        both = [torch.bincount(drawn[:, place], minlength=6) / 60_000 for drawn in (theirs, ours)]
        torch.testing.assert_close(*both, atol=0.01, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_generator_that_is_sure_still_gives_five_others(dtype):
    """In float32 everything beside the sure token has a probability of 0."""
    logits = torch.full((3, 50), -60.0, dtype=dtype)
    logits[:, 7] = 60
    excluded = logits.clone()
    excluded[:, 7] = -torch.inf
    found = draw(excluded, torch.tensor([[0.0] * 5, [0.5] * 5, [1 - 1e-12] * 5], dtype=torch.float64))
    assert all(len(set(row)) == 5 and 7 not in row for row in found.tolist())
    assert draw(logits, torch.tensor([[0.0], [0.5], [0.999]])).tolist() == [[7], [7], [7]]


@pytest.mark.parametrize("sharpness", [0.0, 1.0, 6.0, 30.0])
def test_one_sum_draws_what_a_sum_for_each_token_draws(sharpness):
    """Seen to fail without stepping over what was drawn in the order of the vocabulary. Lots on the border of two
    tokens may be rounded to either side."""
    generator = torch.Generator().manual_seed(4)
    logits = sharpness * torch.randn(3000, 40, generator=generator)
    lots = torch.rand(3000, 5, generator=generator, dtype=torch.float64)
    fast, slow = draw(logits, lots), _drawn_one_by_one(logits, lots)
    assert (fast == slow).all(1).float().mean() > 0.998
    assert all(len(set(row)) == 5 for row in fast.tolist())


@pytest.mark.parametrize("lot", [0.0, 1 - 2**-53])
def test_the_ends_of_the_distribution_give_different_tokens(lot):
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(500, 30, generator=generator)
    logits[:, [0, 29]] = -torch.inf
    found = draw(logits, torch.full((500, 5), lot, dtype=torch.float64))
    assert all(len(set(row)) == 5 and not {0, 29} & set(row) for row in found.tolist())


def test_nothing_is_drawn_from_nothing():
    assert draw(torch.zeros(0, 9), torch.zeros(0, 5)).shape == (0, 5)


def test_many_rows_are_drawn_like_each_alone():
    generator = torch.Generator().manual_seed(3)
    logits, lots = torch.randn(2050, 5, generator=generator), torch.rand(2050, 2, generator=generator)
    assert draw(logits, lots)[-3:].tolist() == draw(logits[-3:], lots[-3:]).tolist()
