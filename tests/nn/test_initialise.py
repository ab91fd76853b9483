"""Distributions of initial values."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from nasbench_sparse.core.blueprint import RELU, Network
from nasbench_sparse.errors import TaskError, UnknownName
from nasbench_sparse.nn.networks import (
    build_network,
    initialise,
    prunable_layers,
    same_capacity_densities,
    same_capacity_network,
)
from tests.nn.small_networks import small


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(5)


@pytest.mark.parametrize("name", ["lenet5", "vgg11", "mobilenet_v2", "mlp"])
def test_torch_scheme_is_uniform_within_the_fan_in_bound(name: str) -> None:
    for layer, weight in prunable_layers(small(name)):
        bound = 1 / math.sqrt(weight[0].numel())
        assert weight.abs().max() <= bound, layer
        # uniform: sd of the sample mean of |x| is bound / sqrt(12 n); 6 sigmas
        assert abs(weight.abs().mean() - bound / 2) < 6 * bound / math.sqrt(12 * weight.numel()), layer


def test_torch_scheme_is_what_torch_draws() -> None:
    torch.manual_seed(5)
    theirs = nn.Sequential(nn.Conv2d(3, 4, 3, groups=1), nn.Linear(6, 5, bias=False), nn.Conv1d(2, 2, 3))
    ours = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(6, 5, bias=False), nn.Conv1d(2, 2, 3))
    initialise(ours, _seeded(), "torch")
    for a, b in zip(theirs.parameters(), ours.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-7)


def test_kaiming_normal_has_variance_two_over_fan_in_and_no_bias() -> None:
    network = small("lenet5", initialisation="kaiming_normal")
    for layer, weight in prunable_layers(network):
        expected = math.sqrt(2 / weight[0].numel())
        # normal: sd of the sample deviation is sigma / sqrt(2 n); 6 sigmas
        assert abs(weight.std() - expected) < 6 * expected / math.sqrt(2 * weight.numel()), layer
    assert all(not parameter.any() for key, parameter in network.named_parameters() if key.endswith("bias"))


@pytest.mark.parametrize("scheme", ["torch", "kaiming_normal"])
def test_fans_replace_the_layers_own(scheme: str) -> None:
    plain = small("sc_sdc_mlp", initialisation=scheme)
    scaled = small("sc_sdc_mlp", initialisation=scheme, fans=(64, 1, 36))
    for (_, a), (_, b), own, given in zip(
        prunable_layers(plain), prunable_layers(scaled), (64, 9, 9), (64, 1, 36), strict=True
    ):
        torch.testing.assert_close(a * math.sqrt(own / given), b)


def test_gpt_scheme_narrows_projections_into_the_residual_stream() -> None:
    network = small("mini_gpt", width=64, vocabulary=500)
    deviations = {name: float(weight.detach().std()) for name, weight in prunable_layers(network)}
    for name, deviation in deviations.items():
        expected = 0.02 / math.sqrt(4) if name.endswith("project") else 0.02  # two in each of two blocks
        assert deviation == pytest.approx(expected, rel=6 / math.sqrt(2 * 64 * 64)), name  # 6 sigmas
    assert float(network.tokens.weight.detach().std()) == pytest.approx(0.02, rel=6 / math.sqrt(2 * 500 * 64))


def test_same_capacity_network_has_the_dense_variance_and_weights() -> None:
    spec = same_capacity_network(64, 10, 200, 2, batch_norm=True, skip=False)
    network = build_network(spec, (RELU,), _seeded())
    dense = build_network(same_capacity_network(64, 10, 10, 2), (RELU,), _seeded())
    assert all(layer.bias is None for layer in network.layers)
    densities = same_capacity_densities(64, 10, 200, 2)
    for (name, weight), (_, small_weight), density, fan in zip(
        prunable_layers(network), prunable_layers(dense), densities, (64, 10, 10), strict=True
    ):
        assert round(density * weight.numel()) == small_weight.numel(), name
        expected = math.sqrt(2 / fan)
        assert abs(weight.std() - expected) < 6 * expected / math.sqrt(2 * weight.numel()), name


@pytest.mark.parametrize("width", [308, 923, 1538, 2153, 2768])
def test_same_capacity_densities_are_exact_at_the_published_widths(width: int) -> None:
    dense, sparse = (3072, width, width, 100), (3072, 3076, 3076, 100)
    densities = same_capacity_densities(3072, width, 3076, 2, classes=100)
    for i, density in enumerate(densities):
        assert round(density * (sparse[i] * sparse[i + 1])) == dense[i] * dense[i + 1]


def test_same_capacity_refuses_a_sparse_network_narrower_than_the_dense() -> None:
    with pytest.raises(TaskError, match="a dense width of 20 is not between 1 and the sparse width, 10"):
        same_capacity_network(64, 20, 10, 1)


def test_initialise_names_the_nearest_scheme_and_wrong_fans() -> None:
    with pytest.raises(UnknownName, match="'kaiming_normal'"):
        build_network(Network("lenet5", (("initialisation", "kaiming"),)), (RELU,), None)
    with pytest.raises(TaskError, match=r"2 fans for 5 layers \(conv1, conv2, fc1, fc2, fc3\)"):
        build_network(Network("lenet5", (("fans", (1, 2)),)), (RELU,), None)


def test_initialise_names_a_module_it_cannot_fill() -> None:
    with pytest.raises(TaskError, match=r"the parameters of 1 \(Bilinear\)"):
        initialise(nn.Sequential(nn.Linear(2, 2), nn.Bilinear(2, 2, 2)), _seeded())
