"""Measures against values worked out by hand and against slow, plain versions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from nasbench_sparse.core.blueprint import Network, Operator
from nasbench_sparse.errors import TaskError, UnknownName
from nasbench_sparse.measures import check_names, measure_names, take
from nasbench_sparse.nn.networks import build_network, prunable_layers
from nasbench_sparse.nn.structure import chain
from nasbench_sparse.sparsity.context import cross_entropy
from tests.measures.networks import ConvNorm, Residual, TwoLinear, context, half_square, noise
from tests.nn.small_networks import NETS, inputs_for, small

# TwoLinear on x = (1, 2), y = 0, nothing pruned: pre-activations 1 and 2, outputs h = (1, 2), output 2 + 2 = 4.
# Loss 8, its slope at the output 4. d fc2 = 4 h = (4, 8). At the units 4 * (2, 1) = (8, 4).
# d fc1 = ((8, 16), (4, 8)), d bias1 = (8, 4).
ONE = [(torch.tensor([[1.0, 2.0]]), torch.tensor([0.0]))]


def test_egf_and_norms_are_those_worked_out_by_hand() -> None:
    found = take(("egf_1", "egf_2", "grad_norm_1", "grad_norm_2"), context(TwoLinear(), ONE, loss=half_square))
    assert found["egf_1"] == pytest.approx((36 + 12) / 2)
    assert found["egf_2"] == pytest.approx((20 + math.sqrt(80)) / 2)
    assert found["grad_norm_1"] == pytest.approx(36 + 12 + 12)
    assert found["grad_norm_2"] == pytest.approx(math.sqrt(400 + 80 + 80))


def test_egf_leaves_out_the_gradient_of_masked_weights_which_is_not_zero() -> None:
    # With fc1[1, 0] = -1 pruned the pre-activations are 1 and 3: h = (1, 3), output 5, slope 5; d fc2 = (5, 15).
    # d fc1 = 5 * ((2, 4), (1, 2)) = ((10, 20), (5, 10)), of which 5 is the pruned weight's. d bias1 = (10, 5).
    # fc1's zeros of the second column stay in the mask, so their gradients count.
    masks = [torch.tensor([[True, True], [False, True]]), torch.ones(1, 2, dtype=torch.bool)]
    found = take(("egf_1", "egf_2", "grad_norm_1"), context(TwoLinear(), ONE, masks, loss=half_square))
    assert found["egf_1"] == pytest.approx((10 + 20 + 10 + 20) / 2)
    assert found["egf_2"] == pytest.approx((math.sqrt(600) + math.sqrt(250)) / 2)
    assert found["grad_norm_1"] == pytest.approx(45 + 20 + 15)


def test_gradients_are_those_of_the_mean_over_examples_of_unequal_batches() -> None:
    x, y = torch.randn(7, 2, generator=torch.Generator().manual_seed(0)), torch.arange(7.0)
    uneven = context(TwoLinear(), [(x[:4], y[:4]), (x[4:5], y[4:5]), (x[5:], y[5:])], loss=half_square)
    network = TwoLinear()
    half_square(network(x), y).backward()  # type: ignore[no-untyped-call]
    norms = [w.grad.norm().item() for w in (network.fc1.weight, network.fc2.weight) if w.grad is not None]
    assert take(("egf_2",), uneven)["egf_2"] == pytest.approx(sum(norms) / 2, rel=1e-6)


def test_egf_agrees_with_a_plain_version_under_masks_and_normalisation() -> None:
    batches, rng = noise(5, 1, 3, 3), torch.Generator().manual_seed(2)
    network = ConvNorm()
    network.dropout.p = 0.0
    masks = [torch.rand(w.shape, generator=rng) < 0.6 for _, w in prunable_layers(network)]
    found = take(("egf_1", "egf_2"), context(network, batches, masks))
    sums = {name: np.zeros(w.shape) for name, w in prunable_layers(network)}
    network.train()
    for x, y in batches:
        network.zero_grad()
        functional.cross_entropy(network(x), y, reduction="sum").backward()  # type: ignore[no-untyped-call]
        for name, weight in prunable_layers(network):
            assert weight.grad is not None
            sums[name] += weight.grad.numpy()
    kept = [(g / 15)[m.numpy()] for g, m in zip(sums.values(), masks, strict=True)]
    assert found["egf_1"] == pytest.approx(np.mean([np.abs(g).sum() for g in kept]), rel=1e-5)
    assert found["egf_2"] == pytest.approx(np.mean([np.sqrt((g**2).sum()) for g in kept]), rel=1e-5)


def test_frozen_weights_have_no_gradient() -> None:
    network = TwoLinear()
    network.fc1.weight.requires_grad_(False)
    found = take(("egf_1", "grad_norm_1"), context(network, ONE, loss=half_square))
    assert found["egf_1"] == pytest.approx((0 + 12) / 2)
    assert found["grad_norm_1"] == pytest.approx(12 + 12)


def test_dead_neurons_of_a_linear_layer_counted_by_hand() -> None:
    # Unit 1 is x1, unit 2 is 3 - x1: for x1 = -1, 1, 4, 5 they are dead in turn 1, none, 2, 2.
    data = [
        (torch.tensor([[-1.0, 0.0], [1.0, 0.0], [4.0, 0.0]]), torch.zeros(3)),
        (torch.tensor([[5.0, 0]]), torch.zeros(1)),
    ]
    found = take(("dnr", "dnr_dynamic", "dnr_static"), context(TwoLinear(), data, loss=half_square))
    assert found["dnr"] == found["dnr_dynamic"] == found["dnr/fc1"] == 3 / 8
    assert found["dnr_static"] == found["dnr_static/fc1"] == 0.0


def test_dead_unit_with_every_incoming_weight_pruned_is_static() -> None:
    # The first unit is cut off and its bias is 0: always dead. The second one is dead for x1 = 4 alone.
    masks = [torch.tensor([[False, False], [True, True]]), torch.ones(1, 2, dtype=torch.bool)]
    data = [(torch.tensor([[1.0, 0.0], [4.0, 0.0]]), torch.zeros(2))]
    found = take(("dnr_static", "dnr_dynamic", "dnr"), context(TwoLinear(), data, masks, loss=half_square))
    assert (found["dnr_static"], found["dnr_dynamic"], found["dnr"]) == (2 / 4, 1 / 4, 3 / 4)


def test_pruned_channel_that_normalisation_shifts_above_zero_is_not_dead() -> None:
    network = ConvNorm()
    with torch.no_grad():
        network.norm.weight.fill_(1.0)
        network.norm.bias.copy_(torch.tensor([0.5, -0.5]))
    masks = [torch.zeros(2, 1, 2, 2, dtype=torch.bool), torch.ones(3, 8, dtype=torch.bool)]
    found = take(("dnr_static", "dnr_dynamic"), context(network, noise(4, 1, 3, 3), masks))
    assert found == {
        "dnr_static": 0.5,  # the channel shifted below zero: 4 of 8 units, for every example
        "dnr_static/conv": 0.5,
        "dnr_dynamic": 0.0,
        "dnr_dynamic/conv": 0.0,
    }


def test_convolution_units_are_channels_at_positions() -> None:
    network, batches = ConvNorm(), noise(6, 1, 3, 3)
    found = take(("dnr",), context(network, batches))
    network.eval()
    dead = total = 0
    for x, _ in batches:
        h = torch.relu(network.norm(network.conv(x))).detach()
        for example in h.numpy():
            for value in example.flat:
                dead += value == 0
                total += 1
    assert total == 18 * 8
    assert 0 < found["dnr"] == dead / total < 1


def test_channel_fed_by_two_branches_is_cut_off_only_if_both_are_pruned() -> None:
    network, data = Residual(), noise(3, 2, 4, classes=2)
    masks = {name: torch.ones_like(w, dtype=torch.bool) for name, w in prunable_layers(network)}
    masks["conv2"][:] = False
    masks["shortcut"][:1] = False  # the first of three channels gets nothing at all
    found = take(("dnr_static", "dnr"), context(network, data, list(masks.values())))
    assert found["dnr_static/conv1"] == 0.0
    assert found["dnr_static/conv2"] == pytest.approx(1 / 3)
    assert found["dnr_static"] == pytest.approx(1 / 6)
    assert found["dnr"] >= found["dnr_static"]


def test_density_of_each_layer() -> None:
    masks = [torch.tensor([[True, False], [False, False]]), torch.ones(1, 2, dtype=torch.bool)]
    assert take(("density",), context(TwoLinear(), [], masks)) == {"density/fc1": 0.25, "density/fc2": 1.0}


def test_quantiles_are_numpys_over_active_weights() -> None:
    network = build_network(
        Network("mlp", (("inputs", 9), ("hidden", (8,)))), (Operator("relu"),), torch.Generator()
    )
    rng = torch.Generator().manual_seed(5)
    masks = [torch.rand(w.shape, generator=rng) < 0.5 for _, w in prunable_layers(network)]
    masks[1][:] = False
    found = take(("weight_quantiles",), context(network, [], masks))
    active = prunable_layers(network)[0][1].detach().numpy()[masks[0].numpy()]
    for level in (0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1):
        expected = np.quantile(active.astype(np.float64), level)
        assert found[f"weight_quantiles/layers.0/{level:g}"] == pytest.approx(expected, rel=1e-9)
        assert found[f"weight_quantiles/layers.1/{level:g}"] == 0.0
    assert len(found) == 18


def test_histogram_of_active_weights_counted_by_hand() -> None:
    """Bins are 1/16 wide: -1 is in 0, -0.01 in 15, 0 in 16, 0.5 in 24, 0.99 in 31 and 1 in the last one too."""
    network = TwoLinear()
    with torch.no_grad():
        network.fc1.weight.copy_(torch.tensor([[-1.0, -0.01], [0.5, 0.99]]))
        network.fc2.weight.copy_(torch.tensor([[2.0, 7.0]]))
    masks = [torch.ones(2, 2, dtype=torch.bool), torch.tensor([[True, False]])]
    found = take(("weight_histogram",), context(network, [], masks))
    counts = {name: value for name, value in found.items() if value and not name.endswith("limit")}
    assert counts == {
        **{f"weight_histogram/fc1/{i}": 1.0 for i in ("00", "15", "24", "31")},
        "weight_histogram/fc2/31": 1.0,
    }
    assert (found["weight_histogram/fc1/limit"], found["weight_histogram/fc2/limit"]) == (1.0, 2.0)
    assert len(found) == 2 * 33


def test_histogram_agrees_with_numpys_and_takes_layers_without_weights() -> None:
    network, rng = ConvNorm(), torch.Generator().manual_seed(3)
    masks = [torch.rand(w.shape, generator=rng) < 0.7 for _, w in prunable_layers(network)]
    masks[0][:] = False
    found = take(("weight_histogram",), context(network, [], masks))
    (first, _), (name, weight) = prunable_layers(network)
    active = weight.detach().numpy()[masks[1].numpy()].astype(np.float64)
    limit = np.abs(active).max()
    expected, _ = np.histogram(active, bins=32, range=(-limit, limit))
    assert [found[f"weight_histogram/{name}/{i:02d}"] for i in range(32)] == expected.tolist()
    assert sum(value for metric, value in found.items() if metric.startswith(f"weight_histogram/{first}/")) == 0.0


def test_operations_and_bytes_worked_out_by_hand() -> None:
    # conv: 8 weights at 2x2 positions; fc: 24. Kept are 3 and 24: 2 * (3 * 4 + 24) operations of 2 * (8 * 4 + 24).
    masks = [torch.zeros(2, 1, 2, 2, dtype=torch.bool), torch.ones(3, 8, dtype=torch.bool)]
    masks[0].view(-1)[:3] = True
    found = take(("flops", "stored_bytes"), context(ConvNorm(), noise(4, 1, 3, 3), masks))
    assert found == {
        "flops/dense": 112.0,
        "flops/effective": 72.0,
        "stored_bytes/dense": 4.0 * (32 + 7),  # 8 + 24 weights; 2 + 2 of the normalisation and 3 biases
        "stored_bytes/bitmap": 1 + 12 + 3 + 96 + 28.0,  # a bit for each weight, 4 bytes for each kept
        "stored_bytes/csr": (3 * 6 + 4 * 3) + (24 * 6 + 4 * 4) + 28.0,  # 4 + 2 bytes a weight, 4 for rows + 1
    }


def test_counted_batches_are_the_first_ones_and_named() -> None:
    network, batches = ConvNorm(), noise(4, 1, 3, 3)
    network.dropout.p = 0.0
    found = take(("egf_2", "egf_2[2]", "dnr[1]"), context(network, batches))
    fewer = take(("egf_2",), context(network, batches[:2]))
    first = take(("dnr",), context(network, batches[:1]))
    assert found["egf_2[2]"] == fewer["egf_2"] != found["egf_2"]
    assert (found["dnr[1]"], found["dnr[1]/conv"]) == (first["dnr"], first["dnr/conv"])


def test_everything_is_the_same_bits_afterwards() -> None:
    network, batches = ConvNorm(), noise(4, 1, 3, 3)
    network.train()
    network.norm.eval()
    functional.cross_entropy(network(batches[0][0]), batches[0][1]).backward()  # type: ignore[no-untyped-call]
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    gradients = [None if p.grad is None else p.grad.clone() for p in network.parameters()]
    modes, generator = [m.training for m in network.modules()], torch.get_rng_state()
    take(measure_names(), context(network, batches))
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    after = [p.grad for p in network.parameters()]
    assert all(a is not None and b is not None and torch.equal(a, b) for a, b in zip(gradients, after, strict=True))
    assert [m.training for m in network.modules()] == modes
    assert torch.equal(torch.get_rng_state(), generator)
    assert not any(module._forward_hooks for module in network.modules())


def test_everything_is_the_same_bits_after_an_error() -> None:
    network = ConvNorm()
    network.train()
    running = network.norm.running_mean
    assert running is not None
    before = running.clone()
    bad = [*noise(4, 1, 3, 3, batches=1), (torch.zeros(4, 7), torch.zeros(4))]
    with pytest.raises(RuntimeError):
        take(("dnr", "egf_2"), context(network, bad))
    with pytest.raises(RuntimeError):
        take(("egf_2",), context(network, bad))
    assert torch.equal(running, before)
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())


def test_measures_do_not_depend_on_the_mode_they_find() -> None:
    network, batches = ConvNorm(), noise(4, 1, 3, 3)
    network.dropout.p = 0.0
    one = take(measure_names(), context(network.eval(), batches))
    assert take(measure_names(), context(network.train(), batches)) == one
    assert all(type(value) is float and math.isfinite(value) for value in one.values())


@pytest.mark.parametrize("name", ["egf_3", "egf_2[0]", "egf_2[", "", "egf_2[2]x"])
def test_unknown_measures_are_refused(name: str) -> None:
    with pytest.raises(UnknownName):
        check_names(("egf_2", name))


def test_masks_of_another_network_are_refused() -> None:
    with pytest.raises(TaskError, match="one mask for each layer"):
        take(("density",), context(TwoLinear(), ONE).__class__(TwoLinear(), [], lambda: iter(ONE), half_square))


@pytest.mark.parametrize("name", ["egf_2", "dnr", "flops"])
def test_measures_without_data_are_refused(name: str) -> None:
    with pytest.raises(TaskError, match="data"):
        take((name,), context(TwoLinear(), [], loss=half_square))


@pytest.mark.parametrize("name", sorted(NETS))
def test_every_network_can_be_measured(name: str) -> None:
    network, x = small(name), inputs_for(name)
    rng = torch.Generator().manual_seed(4)
    masks = [torch.rand(w.shape, generator=rng) < 0.3 for _, w in prunable_layers(network)]
    masks[0][0] = False
    outputs = network(x)
    y = torch.zeros(outputs.shape[:-1], dtype=torch.long)
    found = take(measure_names(), context(network, [(x, y)], masks, cross_entropy))
    assert all(math.isfinite(value) for value in found.values())
    for metric in (m for m in found if m.startswith("dnr/")):
        site = metric.partition("/")[2]
        parts = found[f"dnr_static/{site}"] + found[f"dnr_dynamic/{site}"]
        assert found[metric] == pytest.approx(parts)
    assert 0 < found["flops/effective"] < found["flops/dense"]
    assert 0 < found["stored_bytes/bitmap"] < found["stored_bytes/dense"]
    assert found["egf_2"] > 0


def test_shortcut_of_a_residual_block_keeps_its_channels_from_being_static() -> None:
    network, x = small("resnet18"), inputs_for("resnet18")
    masks = {layer: torch.ones_like(w, dtype=torch.bool) for layer, w in prunable_layers(network)}
    for link in chain(network):
        if link.site is not None and "shortcut" not in link.name:
            masks[link.name][:] = False  # whatever leads to a site, but for the projections
    found = take(
        ("dnr_static", "dnr"), context(network, [(x, torch.zeros(len(x), dtype=torch.long))], list(masks.values()))
    )
    projected = {link.site for link in chain(network) if "shortcut" in link.name}
    assert projected
    assert all(found[f"dnr_static/{site}"] == 0.0 for site in projected)
    assert found["dnr_static/stem"] == found["dnr/stem"] == 1.0


def test_channels_beside_each_other_are_static_where_the_layer_that_writes_them_is_pruned() -> None:
    options = (("depth", 7), ("growth", 3), ("width", 4), ("channels", 1))
    network = build_network(Network("densenet40", options), (Operator("relu"),), torch.Generator().manual_seed(0))
    layers = prunable_layers(network)
    masks = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in layers}
    masks["conv"][1] = masks["steps.0.conv"][2] = False  # channels 1 and 4 + 2 of step2's 7
    with torch.no_grad():
        for name, weight in layers:
            weight.mul_(masks[name])
    found = take(("dnr_static", "dnr"), context(network, noise(2, 1, 8, 8, classes=10), list(masks.values())))
    static = {site: found[f"dnr_static/{site}"] for site in ("step1", "step2", "step3", "step4", "head")}
    assert static == {"step1": 1 / 4, "step2": pytest.approx(2 / 7), "step3": 0.0, "step4": 0.0, "head": 0.0}
    assert found["dnr/step2"] > found["dnr_static/step2"]
