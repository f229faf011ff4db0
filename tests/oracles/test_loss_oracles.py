"""Our losses beside other implementations of the same formulas."""

import pytest
import torch

from medenc.models.losses import contrastive, multi_similarity

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("margin", [0.2, 0.05, None])
def test_multi_similarity_and_its_gradient(seed, margin):
    losses = pytest.importorskip("pytorch_metric_learning.losses")
    miners = pytest.importorskip("pytorch_metric_learning.miners")
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(24, 8, generator=generator, dtype=torch.float64)
    labels = torch.randint(6, (24,), generator=generator)
    ours, theirs = values.clone().requires_grad_(), values.clone().requires_grad_()
    mined = miners.TripletMarginMiner(margin=margin, type_of_triplets="all")(theirs, labels) if margin else None
    expected = losses.MultiSimilarityLoss(alpha=1, beta=60, base=0.5)(theirs, labels, mined)
    found = multi_similarity(ours, labels, margin=margin)
    expected.backward()
    found.backward()
    assert found.item() == pytest.approx(expected.item(), abs=1e-9)
    torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-9, rtol=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_contrastive_is_info_nce(seed):
    losses = pytest.importorskip("pytorch_metric_learning.losses")
    generator = torch.Generator().manual_seed(seed)
    queries, passages = torch.randn(2, 16, 8, generator=generator, dtype=torch.float64)
    none = torch.zeros(16, 16, dtype=torch.bool)
    found = contrastive(queries, passages, torch.arange(16), none, scale=1 / 0.07)
    labels = torch.arange(16)
    expected = losses.NTXentLoss(temperature=0.07)(queries, labels, ref_emb=passages, ref_labels=labels.clone())
    assert found.item() == pytest.approx(expected.item(), abs=1e-9)
