"""Parameter counts of the published networks, on the meta device."""

from __future__ import annotations

from typing import Any

import pytest

from nasbench_sparse.nn.networks import prunable_layers
from nasbench_sparse.nn.networks.build import on_meta

MNIST = {"channels": 1, "size": 28}
COUNTS: list[tuple[str, dict[str, Any], int]] = [
    ("conv2", MNIST, 3_317_450),
    ("conv4", MNIST, 1_933_258),
    ("conv6", MNIST, 1_802_698),
    ("conv2", {}, 4_301_642),
    ("conv4", {}, 2_425_930),
    ("conv6", {}, 2_262_602),
    ("densenet40", {}, 1_019_722),
    ("densenet40", {"classes": 100}, 1_060_132),
    ("efficientnet_b0", {}, 5_288_548),
    ("lenet5", {}, 44_426),
    ("lenet_300_100", {}, 266_610),
    ("mobilenet_v2", {}, 2_412_212),
    ("resnet18", {}, 11_173_962),
    ("resnet18", {"stem": "7x7"}, 11_181_642),
    ("resnet20", {}, 269_722),
    ("resnet20", {"shortcut": "projection"}, 272_474),
    ("resnet32", {}, 464_154),
    ("resnet32_wide", {}, 1_860_522),
    ("resnet32_wide", {"classes": 100}, 1_872_132),
    ("resnet50", {}, 25_557_032),
    ("vgg11", {}, 9_231_114),
    ("vgg13", {}, 9_416_010),
    ("vgg16", {}, 14_728_266),
    ("vgg19", {}, 20_040_522),
    ("vit_b16", {}, 86_567_656),
    ("vit_b16", {"size": 384, "classes": 10}, 86_098_186),
    ("vit_s", {}, 22_050_664),
    ("vit_s", {"classes": 10, "enlarged_from": 32}, 21_669_514),
    ("vit_small", {}, 9_622_512),
    ("vit_ti", {}, 5_717_416),
    ("vit_ti", {"classes": 10, "enlarged_from": 32}, 5_526_346),
    ("vit_tiny", {}, 4_371_438),
    ("wrn28_10", {}, 36_479_194),
    ("wrn28_10", {"classes": 100}, 36_536_884),
]


@pytest.mark.parametrize(("name", "options", "count"), COUNTS)
def test_network_has_the_published_number_of_parameters(name: str, options: dict[str, Any], count: int) -> None:
    assert sum(parameter.numel() for parameter in on_meta(name, options).parameters()) == count


@pytest.mark.parametrize(
    ("name", "count"), [("mini_gpt", 10_986_816), ("tiny_gpt", 29_938_560), ("small_gpt", 64_817_856)]
)
def test_gpt_has_the_published_number_of_parameters_without_positions(name: str, count: int) -> None:
    parameters = dict(on_meta(name, {}).named_parameters())
    del parameters["position.weight"]
    assert sum(parameter.numel() for parameter in parameters.values()) == count


@pytest.mark.parametrize(
    ("depth", "count"), [(2, 18_942_008), (4, 37_865_560), (8, 75_712_664), (16, 151_406_872), (32, 302_795_288)]
)
def test_snas_mlp_has_the_published_number_of_weights(depth: int, count: int) -> None:
    network = on_meta("snas_mlp", {"hidden": (3076,) * depth})
    assert sum(weight.numel() for _, weight in prunable_layers(network)) == count
