"""Utilisation against operations counted by hand."""

import pytest
import torch

from medenc.train.speed import Speed, peak


def test_the_operations_of_the_first_step_count_for_each_token(monkeypatch):
    """2 · 8 · 16 · 4 of the product forward, as many again for the gradient of the weights; none of the input's."""
    clock = iter([0.0, 2.0, 4.0])
    monkeypatch.setattr("medenc.train.speed.peak", lambda *_: 1000.0)
    monkeypatch.setattr("medenc.train.speed.time.perf_counter", lambda: next(clock))
    speed = Speed(2, 10, torch.device("cpu"), bf16=False)
    layer = torch.nn.Linear(16, 4, bias=False)
    with speed.counting():
        layer(torch.ones(8, 16)).sum().backward()
    speed.counted(8)
    operations = 2 * (2 * 8 * 16 * 4)
    rates = speed.rates(2, 8)
    assert rates["utilisation"] == pytest.approx(operations / 2.0 / 1000)
    assert rates["tokens_per_second"] == 4
    assert rates["hours_left"] == pytest.approx(2.0 * 7 / 3600)
    assert speed.rates(3, 32)["utilisation"] == pytest.approx(operations / 8 * 32 / 4.0 / 1000)


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_attention_counts_whatever_runs_it(monkeypatch, dropout):
    """Forward two products of 2 · 6 · 6 · 4 a head, backward four, and one more where the kernel keeps no scores."""
    monkeypatch.setattr("medenc.train.speed.peak", lambda *_: 1.0)
    speed = Speed(0, 1, torch.device("cpu"), bf16=False)
    query, key, value = (torch.randn(3, 2, 6, 4, requires_grad=True) for _ in range(3))
    with speed.counting():
        torch.nn.functional.scaled_dot_product_attention(query, key, value, dropout_p=dropout).sum().backward()
    product = 2 * 6 * 6 * 4 * 3 * 2
    assert speed._operations == (2 + 4 + (dropout == 0)) * product


def test_a_product_has_a_speed():
    assert peak(torch.device("cpu"), torch.float32) > 1e8
