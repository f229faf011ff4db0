"""Hand-worked values in float64: the formulas of the papers on two small fixtures."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medenc.models.losses import contrastive, multi_similarity, multi_similarity_rows


def grid(rows, columns, formula):
    return torch.tensor([[formula(i, j) for j in range(columns)] for i in range(rows)], dtype=torch.float64)


A1 = grid(4, 3, lambda i, j: math.sin(1 + 3 * i + j))
A2 = grid(4, 3, lambda i, j: math.cos(0.5 + 3 * i + j))
HARD = grid(4, 3, lambda i, j: math.sin(0.3 + i + 2 * j))
LABELS_A = torch.tensor([0, 0, 1, 2])
LABELS_B = torch.tensor([0, 0, 1, 2, 3])
ONE_HOT = torch.nn.functional.one_hot(LABELS_B, 4).double()
B1 = ONE_HOT + 0.45 * grid(5, 4, lambda i, j: math.sin(1 + 4 * i + j))
B2 = ONE_HOT + 0.45 * grid(5, 4, lambda i, j: math.cos(0.5 + 4 * i + j))


def both(left, right, labels, **options):
    return multi_similarity(torch.cat([left, right]), torch.cat([labels, labels]), **options).item()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (lambda: both(A1, A2, LABELS_A), 1.9127240920),
        (lambda: both(A1, A2, LABELS_A, margin=None), 1.9127240920),
        (lambda: both(B1, B2, LABELS_B), 0.3769564117),
        (lambda: both(B1, B2, LABELS_B, margin=0.05), 0.3433524246),
        (lambda: both(B1, B2, LABELS_B, margin=None), 0.8841445626),
        (lambda: multi_similarity_rows(A1, A2, LABELS_A).item(), 1.6210694854),
        (lambda: multi_similarity_rows(B1, B2, LABELS_B).item(), 0.6800957714),
        (lambda: multi_similarity_rows(A1, A2, LABELS_A, temperature=1.0).item(), 1.3202785328),
    ],
)
def test_published_formulas(value, expected):
    assert value() == pytest.approx(expected, abs=1e-9)


def cross(passages, targets, **options):
    targets = torch.tensor(targets)
    return contrastive(A1, passages, targets, torch.zeros(4, len(passages), dtype=torch.bool), **options).item()


@pytest.mark.parametrize(
    ("passages", "targets", "options", "expected"),
    [
        (A2, [0, 1, 2, 3], {"scale": 20.0}, 2.3781474703),
        (torch.cat([A2, HARD]), [0, 1, 2, 3], {"scale": 20.0}, 2.4199911482),
        (A2, [0, 1, 2, 3], {"similarity": "dot"}, 0.9274490937),
        (torch.stack([A2, HARD], 1).reshape(8, 3), [0, 2, 4, 6], {"similarity": "dot"}, 1.5709325762),
    ],
)
def test_cross_entropies(passages, targets, options, expected):
    assert cross(passages, targets, **options) == pytest.approx(expected, abs=1e-9)


def test_l2_is_dot_on_equal_norms_up_to_a_factor():
    units = torch.nn.functional.normalize(A2, dim=-1)
    assert cross(units, [0, 1, 2, 3], similarity="l2") == pytest.approx(
        cross(units, [0, 1, 2, 3], similarity="dot", scale=2.0)
    )


def test_an_excluded_passage_is_as_if_absent_but_the_target_stays():
    excluded = torch.zeros(4, 8, dtype=torch.bool)
    excluded[:, 4:] = True
    excluded[0, 0] = True  # its own
    with_hard = contrastive(A1, torch.cat([A2, HARD]), torch.arange(4), excluded, scale=20.0)
    assert with_hard.item() == pytest.approx(2.3781474703, abs=1e-9)


def test_nothing_mined_is_zero_with_a_gradient():
    vectors = torch.eye(3, dtype=torch.float64, requires_grad=True)
    loss = multi_similarity(vectors, torch.tensor([0, 1, 2]))
    loss.backward()
    assert loss.item() == 0.0
    assert torch.equal(vectors.grad, torch.zeros(3, 3, dtype=torch.float64))


def test_a_name_of_two_concepts_is_no_negative_of_itself():
    vectors = torch.tensor([[1.0, 0.0], [0.6, 0.8], [1.0, 0.0], [0.6, -0.8]], dtype=torch.float64)
    labels = torch.tensor([0, 0, 1, 1])
    told = multi_similarity(vectors, labels, texts=torch.tensor([0, 1, 0, 2]), margin=None)
    assert told < multi_similarity(vectors, labels, margin=None) - 0.1


@pytest.mark.parametrize("loss", [multi_similarity, lambda v, y: multi_similarity_rows(v, v, y)])
def test_half_precision_is_widened_even_under_autocast(loss):
    vectors, labels = torch.cat([B1, B2]).float(), torch.cat([LABELS_B, LABELS_B])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = loss(vectors, labels)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(loss(vectors, labels).item(), rel=1e-6)
    assert loss(vectors.bfloat16(), labels).dtype == torch.float32


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 12), st.integers(1, 4), st.sampled_from([0.0, 0.1, 0.5]))
def test_mining_equals_the_cube_of_triplets(seed, n, concepts, margin):
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(n, 5, generator=generator, dtype=torch.float64)
    labels = torch.randint(concepts, (n,), generator=generator)
    units = torch.nn.functional.normalize(vectors, dim=-1)
    distances, cosines = torch.cdist(units, units), units @ units.T
    total = 0.0
    for a in range(n):
        positives, negatives = set(), set()
        for p in range(n):
            for k in range(n):
                is_triplet = p != a and labels[p] == labels[a] != labels[k]
                if is_triplet and distances[a, k] - distances[a, p] <= margin:
                    positives.add(p)
                    negatives.add(k)
        total += math.log1p(sum(math.exp(-(cosines[a, p] - 0.5)) for p in positives))
        total += math.log1p(sum(math.exp(60 * (cosines[a, k] - 0.5)) for k in negatives)) / 60
    assert multi_similarity(vectors, labels, margin=margin).item() == pytest.approx(total / n, abs=1e-9)
