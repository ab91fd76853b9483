from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from nasbench_sparse.core.blueprint import RELU, Network, Operator
from nasbench_sparse.errors import TaskError, UnknownName
from nasbench_sparse.nn.networks import (
    MLP,
    NETWORKS,
    NetworkDescription,
    build_network,
    describe_networks,
    initialise,
    prunable_layers,
)
from nasbench_sparse.nn.networks.build import on_meta
from nasbench_sparse.nn.sites import activation_sites, replace
from nasbench_sparse.sparsity.masks import WeightMasks
from tests.nn.small_networks import NETS, inputs_for, small


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
    network = small(name)
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
    network, called, units = small(name), [], {}
    names = {module: key for key, module in network.named_modules()}

    def record(module: nn.Module, inputs: Any, output: Any) -> None:
        called.append(names[module])
        units[names[module]] = inputs[0].shape[1]

    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear) or names[module].count("sites.") == 1:
            module.register_forward_hook(record)
    network(inputs_for(name))
    assert [n for n in called if not n.startswith("sites.")] == [layer for layer, _ in prunable_layers(network)]
    assert [(n[6:], units[n]) for n in called if n.startswith("sites.")] == activation_sites(network)


@pytest.mark.parametrize("name", sorted(NETS))
def test_build_network_draws_from_its_generator_alone(name: str) -> None:
    state = torch.get_rng_state()
    first, again, other = small(name, seed=1), small(name, seed=1), small(name, seed=2)
    assert torch.equal(state, torch.get_rng_state())
    for (layer, a), (_, b), (_, c) in zip(*map(prunable_layers, (first, again, other)), strict=True):
        assert torch.equal(a, b), layer
        assert not torch.equal(a, c), layer


@pytest.mark.parametrize("name", sorted(NETS))
def test_initialise_leaves_nothing_as_it_was(name: str) -> None:
    network = on_meta(name, NETS[name][0]).to_empty(device="cpu")
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.fill_(float("nan") if tensor.is_floating_point() else -1)
    initialise(network, torch.Generator().manual_seed(0))
    for key, tensor in network.state_dict().items():
        assert torch.isfinite(tensor).all(), key
        assert tensor.is_floating_point() or not tensor.any(), key  # batches counted by a normalisation


@pytest.mark.parametrize("name", sorted(NETS))
def test_network_trains_every_parameter_under_masks(name: str) -> None:
    network = small(name, (Operator("tanh"),))
    weights = [weight for _, weight in prunable_layers(network)]
    generator = torch.Generator().manual_seed(0)
    masks = [torch.rand(weight.shape, generator=generator) < 0.8 for weight in weights]
    WeightMasks(weights, masks)
    logits = network(inputs_for(name))
    assert logits.shape == ((4, 6, 11) if name.endswith("_gpt") else (4, 10))
    logits.logsumexp(-1).sum().backward()
    for key, parameter in network.named_parameters():
        assert parameter.grad is not None, key
        assert torch.isfinite(parameter.grad).all(), key
        assert parameter.dim() < 2 or parameter.grad.any(), key  # a bias before a normalisation has none
    for weight, mask in zip(weights, masks, strict=True):
        assert not weight[~mask].any()


def test_build_network_weights_do_not_depend_on_activations() -> None:
    one, other = small("lenet5"), small("lenet5", (Operator("srelu"),))
    for (_, a), (_, b) in zip(prunable_layers(one), prunable_layers(other), strict=True):
        assert torch.equal(a, b)


def test_build_network_names_the_site_without_an_activation() -> None:
    with pytest.raises(TaskError, match=r"4 activation sites .* got 3 activations: none is left for fc2"):
        small("lenet5", (RELU,) * 3)
    with pytest.raises(TaskError, match="1 too many after fc2"):
        small("lenet5", (RELU,) * 5)


def test_build_network_names_the_nearest_network_and_option() -> None:
    with pytest.raises(UnknownName, match="'lenet5'"):
        build_network(Network("lenet"), (RELU,), None)
    with pytest.raises(UnknownName, match="'hidden'"):
        build_network(Network("mlp", (("inputs", 4), ("hiden", (3,)))), (RELU,), None)


def test_replace_gives_each_site_its_own_module() -> None:
    network, seen = small("lenet5"), []

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


def test_build_network_names_what_is_missing() -> None:
    with pytest.raises(TaskError, match="'mlp' needs the options inputs, hidden"):
        build_network(Network("mlp"), (RELU,), None)


def test_describe_networks_counts_without_building() -> None:
    found = {row.name: row for row in describe_networks()}
    assert list(found) == sorted(NETWORKS)
    assert (found["vgg16"].parameters, found["vgg16"].layers, found["vgg16"].sites) == (14_728_266, 14, 13)
    assert found["vgg16"].options["width"] == 64
    assert found["mlp"].parameters is None
    assert found["mlp"].options["inputs"] is None
    assert found["mlp"].input == (None,)
    assert found["resnet20"].input == (3, None, None)


@pytest.mark.parametrize("row", [row for row in describe_networks() if row.parameters], ids=lambda row: row.name)
def test_describe_networks_gives_the_shape_of_an_input(row: NetworkDescription) -> None:
    shape = [32 if size is None else size for size in row.input]
    text = "context" in row.options
    inputs = torch.zeros((2, *shape), dtype=torch.long if text else torch.float32, device="meta")
    network = on_meta(row.name, {}).eval()
    classes = (shape[0], row.options["vocabulary"]) if text else (row.options["classes"],)
    assert network(inputs).shape == (2, *classes)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("conv6", {"size": 4}, "images of 4 pixels are too small to be halved 3 times"),
        ("densenet40", {"depth": 41}, "no depth 41; allowed are 3n"),
        ("resnet20", {"shortcut": "A"}, "no shortcut 'A'; allowed are pad and projection"),
        ("resnet20", {"stem": "5x5"}, "no stem '5x5'; allowed are 3x3 and 7x7"),
        ("vit_ti", {"heads": 5}, "5 heads do not divide a width of 192"),
        ("vit_ti", {"size": 225}, "patches of 16 pixels do not divide images of 225"),
        ("vit_ti", {"enlarged_from": 224}, "images of 224 pixels cannot be enlarged to 224"),
        ("vit_tiny", {"patch": 5}, "patches of 5 pixels do not divide images of 32"),
        ("wrn28_10", {"depth": 20}, "no depth 20; allowed are 6n"),
    ],
)
def test_network_refuses_impossible_shapes(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        on_meta(name, options)
