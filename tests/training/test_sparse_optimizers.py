"""Pruned weights stay exactly zero through momentum, weight decay and adaptive moments."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from nasbench_sparse.core.blueprint import Operator, Recipe
from nasbench_sparse.errors import UnknownName
from nasbench_sparse.nn.networks import build_network, prunable_layers
from nasbench_sparse.sparsity.masks import WeightMasks
from nasbench_sparse.training.optimizers import OPTIMIZERS, build_optimizer
from tests.sparsity.plain import keep_top
from tests.training.small import MLP


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
@pytest.mark.parametrize("density", [0.0, 0.13, 1.0])
def test_optimizer_keeps_pruned_weights_and_their_state_at_zero(name: str, density: float) -> None:
    network = build_network(MLP, (Operator("swish", learn_scales=True),), torch.Generator().manual_seed(1))
    weights = [weight for _, weight in prunable_layers(network)]
    masks = WeightMasks(weights, [keep_top(w.detach().abs(), density) for w in weights])
    recipe = Recipe(name, learning_rate=0.05, momentum=0.9, weight_decay=0.1)
    optimizer = build_optimizer(recipe, network, masks)
    start = [w.detach().clone() for w in weights]
    x = torch.randn(32, 64, generator=torch.Generator().manual_seed(2))
    y = torch.arange(32) % 10
    for _ in range(5):
        optimizer.zero_grad()
        cross_entropy(network(x), y).backward()
        masks.mask_gradients()
        optimizer.step()
        masks.mask_weights()
    for weight, mask, before in zip(weights, masks.masks, start, strict=True):
        assert int(mask.sum()) == round(density * mask.numel())
        assert torch.all(weight[~mask] == 0.0)
        assert density == 0.0 or torch.any(weight[mask] != before[mask])
        assert torch.isfinite(weight).all()
        for slot in optimizer.state[weight].values():
            if isinstance(slot, torch.Tensor) and slot.shape == weight.shape:
                assert torch.all(slot[~mask] == 0.0)


def test_build_optimizer_does_not_decay_activation_parameters() -> None:
    network = build_network(MLP, (Operator("swish", learn_scales=True),), torch.Generator().manual_seed(1))
    weights = [w for _, w in prunable_layers(network)]
    masks = WeightMasks(weights, [torch.ones_like(w, dtype=torch.bool) for w in weights])
    optimizer = build_optimizer(Recipe("sgd", 0.1, weight_decay=0.5), network, masks)
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    for name, parameter in network.named_parameters():
        factor = 1.0 if name.startswith("sites.") else 0.95
        assert torch.allclose(parameter, before[name] * factor, rtol=1e-6)


def test_build_optimizer_refuses_an_unknown_name() -> None:
    network = build_network(MLP, (Operator("relu"),), torch.Generator())
    weights = [w for _, w in prunable_layers(network)]
    masks = WeightMasks(weights, [torch.ones_like(w, dtype=torch.bool) for w in weights])
    with pytest.raises(UnknownName, match="'adam'"):
        build_optimizer(Recipe("adamm"), network, masks)
