"""Schedules worked by hand, and which parameters decay."""

import pytest
import torch
from transformers import AlbertConfig, AlbertModel, ModernBertConfig, ModernBertModel

from medenc.core.errors import MedencError
from medenc.models.encoder import Contract, Encoder, from_size
from medenc.objectives.contrastive import Contrastive
from medenc.train.objective import Trainee
from medenc.train.optimizer import adamw, layer_scale, learning_rate, moments, restore_moments, set_rate
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


# the multipliers that ELECTRA's own code gives; base: 12 layers, 0.8, large: 24 layers, 0.9
@pytest.mark.parametrize(
    ("layers", "decay", "expected"),
    [
        (24, 0.9, {None: 0.0646, 0: 0.0718, 1: 0.0798, 22: 0.729, 23: 0.81}),
        (12, 0.8, {None: 0.0440, 0: 0.0550, 1: 0.0687, 10: 0.512, 11: 0.64}),
    ],
)
def test_layer_decay_as_published(layers, decay, expected):
    found = {layer: layer_scale(layer, layers, decay, top=2) for layer in expected}
    assert found == pytest.approx(expected, abs=5e-5)


def test_every_parameter_has_its_layers_rate():
    trainee = Trainee(from_size("tiny", 60, Contract(max_tokens=16)), torch.nn.Linear(128, 2), Contrastive())
    optimizer = adamw(trainee, FitOptions(layer_decay=0.5))
    set_rate(optimizer, 1.0)
    names = {id(parameter): name for name, parameter in trainee.named_parameters()}
    rates = {names[id(p)]: group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert len(rates) == len(names)
    assert rates["heads.weight"] == 1.0
    assert rates["model.backbone.encoder.layer.1.output.dense.weight"] == 0.5
    assert rates["model.backbone.encoder.layer.0.output.dense.bias"] == 0.25
    assert rates["model.backbone.embeddings.LayerNorm.weight"] == 0.125


SHAPE = {"vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


def trained(backbone):
    return Trainee(Encoder(backbone, Contract(max_tokens=16)), None, Contrastive())


def test_modern_names_of_layers_have_their_rates():
    """Seen to fail when only `layer.N` was known: the embeddings had the top's rate, and every layer the whole one."""
    ids = {f"{name}_token_id": 0 for name in ("pad", "bos", "eos", "cls", "sep")}
    trainee = trained(ModernBertModel(ModernBertConfig(**SHAPE, **ids)))
    groups = adamw(trainee, FitOptions(layer_decay=0.5)).param_groups
    scales = {id(p): group["scale"] for group in groups for p in group["params"]}
    found = {name: scales[id(parameter)] for name, parameter in trainee.named_parameters()}
    assert found["model.backbone.layers.1.mlp.Wi.weight"] == 0.5
    assert found["model.backbone.embeddings.tok_embeddings.weight"] == 0.125


def test_layers_that_share_their_weights_have_no_rates_of_their_own():
    trainee = trained(AlbertModel(AlbertConfig(**SHAPE, embedding_size=16)))
    with pytest.raises(MedencError, match=r"fit\.layer_decay: this encoder has no layers of their own weights"):
        adamw(trainee, FitOptions(layer_decay=0.5))
