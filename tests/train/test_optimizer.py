"""Schedules worked by hand, and which parameters decay."""

import pytest
import torch

from medenc.models.encoder import Contract, from_size
from medenc.train.optimizer import adamw, learning_rate, moments, restore_moments
from medenc.train.options import FitOptions


def rates(total, **options):
    options = FitOptions(learning_rate=1.0, **options)
    return [learning_rate(step, total, options) for step in range(total)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"warmup_ratio": 0.4}, [0.25, 0.5, 0.75, 1.0, 1.0, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]),
        ({"warmup_ratio": 0, "lr_scheduler_type": "constant"}, [1.0] * 10),
        ({"warmup_ratio": 0.2, "lr_scheduler_type": "constant"}, [0.5] + [1.0] * 9),
    ],
)
def test_rates_by_hand(options, expected):
    assert rates(10, **options) == pytest.approx(expected)


def test_cosine_is_half_way_in_the_middle():
    found = rates(20, warmup_ratio=0, lr_scheduler_type="cosine")
    assert found[0] == pytest.approx(1.0)
    assert found[10] == pytest.approx(0.5)
    assert found == sorted(found, reverse=True)


def test_biases_and_normalisation_do_not_decay():
    model = from_size("tiny", 60, Contract(max_tokens=16))
    decayed, spared = adamw(model, FitOptions(weight_decay=0.3)).param_groups
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert decayed["weight_decay"] == 0.3
    assert spared["weight_decay"] == 0.0
    assert not [n for p in decayed["params"] if (n := names[id(p)]).endswith("bias") or "LayerNorm" in n]
    assert all((n := names[id(p)]).endswith("bias") or "LayerNorm" in n for p in spared["params"])
    assert len(decayed["params"]) + len(spared["params"]) == len(names)


def test_moments_come_back_exactly():
    def stepped(model, optimizer):
        model.weight.grad, model.bias.grad = torch.ones(2, 3), torch.ones(2)
        optimizer.step()

    torch.manual_seed(0)
    one, other = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    first, second = adamw(one, FitOptions()), adamw(other, FitOptions())
    stepped(one, first)
    other.load_state_dict(one.state_dict())
    restore_moments(other, second, moments(one, first))
    stepped(one, first)
    stepped(other, second)
    assert torch.equal(one.weight, other.weight)
    assert {k: v.tobytes() for k, v in moments(one, first).items()} == {
        k: v.tobytes() for k, v in moments(other, second).items()
    }
