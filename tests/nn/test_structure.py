"""Links between prunable layers, against hand-made ones and against autograd."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nasbench_sparse.core.blueprint import Operator
from nasbench_sparse.nn.networks import prunable_layers
from nasbench_sparse.nn.networks.build import on_meta
from nasbench_sparse.nn.structure import LayerNeighbours, chain, joined
from tests.nn.small_networks import NETS, inputs_for, small

MOVING = {"densenet40", "resnet20", "resnet32", "vit_b16", "vit_s", "vit_small", "vit_ti", "vit_tiny"}
"""Networks in which channels are concatenated, padded or split."""


def test_chain_of_lenet5() -> None:
    assert chain(on_meta("lenet5", {})) == (
        LayerNeighbours("conv1", (), (1,), None, "conv1", 1, 1),
        LayerNeighbours("conv2", (0,), (2,), None, "conv2", 1, 1),
        LayerNeighbours("fc1", (1,), (3,), None, "fc1", 16, 1),
        LayerNeighbours("fc2", (2,), (4,), None, "fc2", 1, 1),
        LayerNeighbours("fc3", (3,), (), None, None, 1, 1),
    )


def test_chain_of_sequential_networks_is_a_path() -> None:
    for name in ("cnn1d", "small_cnn", "conv2", "conv4", "conv6", "lenet_300_100", "vgg11", "vgg19"):
        links = chain(small(name))
        assert [link.previous for link in links] == [(), *((i,) for i in range(len(links) - 1))], name
        assert [link.next for link in links] == [*((i,) for i in range(1, len(links))), ()], name
    vgg = chain(small("vgg16"))
    assert [link.batch_norm for link in vgg] == [*(f"norms.{i}" for i in range(13)), None]
    assert [link.site for link in vgg] == [*(f"conv{i}" for i in range(1, 14)), None]
    assert [link.flatten for link in chain(on_meta("conv4", {}))] == [1, 1, 1, 1, 64, 1, 1]


def test_chain_of_a_resnet_passes_shortcuts_and_stops_at_projections() -> None:
    links = chain(on_meta("resnet20", {"blocks": (1, 1), "shortcut": "projection"}))
    # 0 stem, 1 and 2 first block; 3 and 4 second block, 5 its shortcut; 6 linear
    assert [link.previous for link in links] == [(), (0,), (1,), (0, 2), (3,), (0, 2), (4, 5)]
    assert [link.next for link in links] == [(1, 3, 5), (2,), (3, 5), (4,), (6,), (6,), ()]
    assert [link.site for link in links] == [
        "stem", "block1_conv1", "block1", "block2_conv1", "block2", "block2", None,
    ]  # fmt: skip
    assert links[5].batch_norm == "blocks.1.shortcut.norm"


def test_chain_stops_where_channels_are_padded() -> None:
    links = chain(on_meta("resnet20", {"blocks": (1, 1)}))
    assert [link.previous for link in links] == [(), (0,), (1,), (0, 2), (3,), (4,)]  # option A before the last


def test_chain_of_mlp_with_skips() -> None:
    links = chain(small("snas_mlp"))  # h3 = act(fc3(h2) + h1)
    assert [link.previous for link in links] == [(), (0,), (1,), (0, 2), (3,)]
    assert [link.batch_norm for link in links] == ["norms.0", "norms.1", "norms.2", "norms.3", None]


def test_chain_of_mobilenet_marks_depthwise_layers() -> None:
    network = small("mobilenet_v2")
    modules = dict(network.named_modules())
    links = chain(network)
    depthwise = [link for link in links if link.name.endswith("conv2") and link.name != "conv2"]
    assert len(depthwise) == 5
    assert all(link.groups == modules[link.name].out_channels > 1 for link in depthwise)
    assert all(link.groups == 1 for link in links if link not in depthwise)


def test_chain_gives_a_normalisation_only_where_nothing_else_reads_the_layer() -> None:
    links = {link.name: link for link in chain(small("wrn28_10", factor=1))}
    assert links["conv"].batch_norm is None  # it is also the first block's shortcut
    assert links["blocks.0.conv1"].batch_norm == "blocks.0.norm2"
    assert links["blocks.0.conv2"].batch_norm is None


def test_chain_of_a_transformer_passes_the_residual_stream() -> None:
    links = chain(small("mini_gpt"))  # mix, project, expand, project in each block
    assert [link.previous for link in links] == [(), (), (1,), (2,), (1, 3), (), (1, 3, 5), (6,)]
    assert [link.site for link in links] == [None, None, "block1", None, None, None, "block2", None]


@pytest.mark.parametrize("name", sorted(NETS))
def test_chain_agrees_with_gradients(name: str) -> None:
    network = small(name, (Operator("identity"),))
    read = _read_by_gradient(network, inputs_for(name))
    names = [layer for layer, _ in prunable_layers(network)]
    for link in chain(network):
        found = {names[i] for i in link.previous}
        if name in MOVING or name.endswith("_gpt"):
            assert found <= read[link.name], link.name
        else:
            assert found == read[link.name], link.name
        assert all(names.index(link.name) in chain(network)[i].next for i in link.previous)


@pytest.mark.parametrize("name", sorted(NETS))
def test_chain_flatten_makes_channels_fit(name: str) -> None:
    layers = prunable_layers(small(name))
    for link, (_, weight) in zip(chain(small(name)), layers, strict=True):
        for source in link.previous:
            assert layers[source][1].shape[0] * link.flatten == weight.shape[1] * link.groups, link.name


def _read_by_gradient(network: nn.Module, inputs: Tensor) -> dict[str, set[str]]:
    """Return for each layer the layers on whose outputs its input depends when no gradient passes a layer."""
    outputs: dict[str, Tensor] = {}
    read: dict[str, set[str]] = {}

    def enter(name: str) -> Any:
        def hook(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            if not arguments[0].requires_grad:
                read[name] = set()
                return
            total = (arguments[0] * torch.linspace(1, 2, arguments[0].numel()).view(arguments[0].shape)).sum()
            gradients = torch.autograd.grad(total, list(outputs.values()), retain_graph=True, allow_unused=True)
            read[name] = {source for source, g in zip(outputs, gradients, strict=True) if g is not None}

        return hook

    def leave(name: str) -> Any:
        def hook(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> Tensor:
            outputs[name] = output.detach().requires_grad_()
            return outputs[name]

        return hook

    for parameter in network.parameters():
        parameter.requires_grad_(False)
    modules = dict(network.named_modules())
    for name, _ in prunable_layers(network):
        modules[name].register_forward_pre_hook(enter(name))
        modules[name].register_forward_hook(leave(name))
    network(inputs)
    return read


def test_joined_names_the_layers_that_write_concatenated_channels() -> None:
    network = on_meta("densenet40", {"depth": 10, "growth": 3, "width": 4})
    assert joined(network) == {
        "step2": ("conv", "steps.0.conv"),
        "step3": ("conv", "steps.0.conv", "steps.1.conv"),  # the first transition
        "step5": ("steps.2.conv", "steps.3.conv"),
        "step6": ("steps.2.conv", "steps.3.conv", "steps.4.conv"),
        "step8": ("steps.5.conv", "steps.6.conv"),
        "head": ("steps.5.conv", "steps.6.conv", "steps.7.conv"),
    }
    for name in sorted(set(NETS) - {"densenet40"}):
        assert joined(small(name)) == {}, name
