from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from nasbench_sparse.core.blueprint import RELU, Network, Operator
from nasbench_sparse.errors import TaskError, UnknownName
from nasbench_sparse.nn.networks import MLP, NETWORKS, build_network, prunable_layers
from nasbench_sparse.nn.sites import activation_sites, replace

NETS = {
    "lenet5": (Network("lenet5"), (1, 28, 28)),
    "small_cnn": (Network("small_cnn"), (1, 28, 28)),
    "cnn1d": (Network("cnn1d"), (1, 40)),
    "mlp": (Network("mlp", (("inputs", 64), ("hidden", (7, 5)), ("batch_norm", True))), (1, 8, 8)),
}


def _build(name: str, activations: tuple[Operator, ...] = (RELU,), seed: int = 0) -> nn.Module:
    return build_network(NETS[name][0], activations, torch.Generator().manual_seed(seed))


def test_networks_are_all_covered_here() -> None:
    assert set(NETS) == set(NETWORKS)


@pytest.mark.parametrize(
    ("name", "count", "sites"),
    [
        ("lenet5", 44_426, [("conv1", 6), ("conv2", 16), ("fc1", 120), ("fc2", 84)]),
        ("small_cnn", 26_698, [("conv1", 8), ("conv2", 16), ("fc1", 32)]),
        ("cnn1d", 5_210, [("conv1", 25), ("conv2", 25), ("conv3", 25)]),
        # 64*7 + 7 + 7*5 + 5 + 5*10 + 10, and 2 * (7 + 5) of batch normalisation
        ("mlp", 579, [("fc1", 7), ("fc2", 5)]),
    ],
)
def test_network_has_its_parameters_and_sites(name: str, count: int, sites: list[tuple[str, int]]) -> None:
    network = _build(name)
    assert sum(p.numel() for p in network.parameters()) == count
    assert activation_sites(network) == sites


@pytest.mark.parametrize(
    ("hidden", "weights"), [(2, 18_942_008), (4, 37_865_560), (8, 75_712_664), (32, 302_795_288)]
)
def test_mlp_has_the_weights_of_the_thesis_networks(hidden: int, weights: int) -> None:
    with torch.device("meta"):
        network = MLP(3072, (3076,) * hidden, batch_norm=True, skip=True)
    assert sum(w.numel() for _, w in prunable_layers(network)) == weights


@pytest.mark.parametrize("name", sorted(NETS))
def test_prunable_layers_and_sites_come_in_forward_order_with_their_units(name: str) -> None:
    network, called, units = _build(name), [], {}
    names = {module: key for key, module in network.named_modules()}

    def record(module: nn.Module, inputs: Any, output: Any) -> None:
        called.append(names[module])
        units[names[module]] = inputs[0].shape[1]

    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear) or names[module].count("sites.") == 1:
            module.register_forward_hook(record)
    network(torch.zeros(2, *NETS[name][1]))
    assert [n for n in called if not n.startswith("sites.")] == [layer for layer, _ in prunable_layers(network)]
    assert [(n[6:], units[n]) for n in called if n.startswith("sites.")] == activation_sites(network)


@pytest.mark.parametrize("name", sorted(NETS))
def test_build_network_draws_from_its_generator_alone(name: str) -> None:
    state = torch.get_rng_state()
    first, again, other = _build(name, seed=1), _build(name, seed=1), _build(name, seed=2)
    assert torch.equal(state, torch.get_rng_state())
    for (layer, a), (_, b), (_, c) in zip(*map(prunable_layers, (first, again, other)), strict=True):
        assert torch.equal(a, b), layer
        assert not torch.equal(a, c), layer
        bound = 1 / math.sqrt(a[0].numel())
        assert a.abs().max() <= bound
        if a.numel() > 1000:  # uniform: sd of the sample mean of |x| is bound / sqrt(12 n); 6 sigmas
            assert abs(a.abs().mean() - bound / 2) < 6 * bound / math.sqrt(12 * a.numel())


def test_build_network_weights_do_not_depend_on_activations() -> None:
    one, other = _build("lenet5"), _build("lenet5", (Operator("srelu"),))
    for (_, a), (_, b) in zip(prunable_layers(one), prunable_layers(other), strict=True):
        assert torch.equal(a, b)


def test_build_network_names_the_site_without_an_activation() -> None:
    with pytest.raises(TaskError, match=r"4 activation sites .* got 3 activations: none is left for fc2"):
        _build("lenet5", (RELU,) * 3)
    with pytest.raises(TaskError, match="1 too many after fc2"):
        _build("lenet5", (RELU,) * 5)


def test_build_network_names_the_nearest_network_and_option() -> None:
    with pytest.raises(UnknownName, match="'lenet5'"):
        build_network(Network("lenet"), (RELU,), None)
    with pytest.raises(UnknownName, match="'hidden'"):
        build_network(Network("mlp", (("inputs", 4), ("hiden", (3,)))), (RELU,), None)


def test_replace_gives_each_site_its_own_module() -> None:
    network, seen = _build("lenet5"), []

    def factory(name: str, units: int) -> nn.Module:
        seen.append((name, units))
        return nn.Tanh()

    replace(network, factory)
    assert seen == activation_sites(network)
    assert len({id(m) for m in network.modules() if isinstance(m, nn.Tanh)}) == 4


def test_mlp_skip_adds_the_layer_two_before() -> None:
    network = MLP(2, (2, 2, 2), classes=2, skip=True)
    matrices = [
        torch.tensor(m) for m in ([[1.0, 2], [0, 1]], [[1.0, 0], [1, 1]], [[2.0, 0], [0, 1]], [[1.0, 0], [0, 1]])
    ]
    with torch.no_grad():
        for layer, matrix in zip(network.layers, matrices, strict=True):
            layer.weight.copy_(matrix)
            layer.bias.zero_()
    # identity activations: a = (5, 2), b = (5, 7), c = (10, 7) + a = (15, 9)
    assert network(torch.tensor([[1.0, 2.0]])).tolist() == [[15.0, 9.0]]


def test_mlp_refuses_a_skip_between_different_widths() -> None:
    with pytest.raises(TaskError, match="equal width"):
        MLP(4, (8, 8, 6), skip=True)
