"""A small member of every registered network, with an input."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nasbench_sparse.core.blueprint import RELU, Activation, Network
from nasbench_sparse.nn.networks import build_network

MOBILE = ((1, 4, 1, 1), (6, 4, 2, 1), (6, 6, 2, 2))
EFFICIENT = ((1, 4, 1, 1, 3), (6, 4, 2, 1, 3), (6, 6, 1, 2, 5))
GPT = {"depth": 2, "heads": 2, "width": 8, "vocabulary": 11, "context": 6}
VIT = {"width": 8, "depth": 2, "heads": 2, "classes": 10, "size": 8, "patch": 4}
LOCAL_VIT = {"width": 8, "depth": 2, "heads": 2, "hidden": 12, "dimension": 6, "size": 8, "patch": 4}

NETS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "cnn1d": ({}, (1, 40)),
    "conv2": ({"width": 4, "hidden": 8, "size": 8}, (3, 8, 8)),
    "conv4": ({"width": 4, "hidden": 8, "size": 8}, (3, 8, 8)),
    "conv6": ({"width": 4, "hidden": 8, "size": 8, "channels": 1}, (1, 8, 8)),
    "densenet40": ({"depth": 10, "growth": 3, "width": 4}, (3, 8, 8)),
    "efficientnet_b0": ({"stages": EFFICIENT, "classes": 10, "width": 0.5}, (3, 8, 8)),
    "lenet5": ({}, (1, 28, 28)),
    "lenet_300_100": ({"inputs": 64, "hidden": (9, 7)}, (1, 8, 8)),
    "mini_gpt": (GPT, (6,)),
    "mlp": ({"inputs": 64, "hidden": (7, 5), "batch_norm": True}, (1, 8, 8)),
    "mobilenet_v2": ({"stages": MOBILE, "classes": 10, "width": 0.5}, (3, 8, 8)),
    "resnet18": ({"width": 4}, (3, 16, 16)),
    "resnet20": ({"width": 4, "blocks": (1, 2, 1)}, (3, 8, 8)),
    "resnet32": ({"width": 4, "blocks": (2, 1)}, (3, 8, 8)),
    "resnet32_wide": ({"width": 4, "blocks": (1, 1, 1)}, (3, 8, 8)),
    "resnet50": ({"width": 4, "blocks": (1, 1), "classes": 10}, (3, 32, 32)),
    "sc_sdc_mlp": ({"inputs": 64, "hidden": (9, 9)}, (1, 8, 8)),
    "small_cnn": ({}, (1, 28, 28)),
    "small_gpt": (GPT, (6,)),
    "snas_mlp": ({"inputs": 64, "hidden": (9, 9, 9, 9)}, (1, 8, 8)),
    "tiny_gpt": (GPT, (6,)),
    "vgg11": ({"width": 2}, (3, 32, 32)),
    "vgg13": ({"width": 2}, (3, 32, 32)),
    "vgg16": ({"width": 2, "channels": 1}, (1, 28, 28)),
    "vgg19": ({"width": 2}, (3, 8, 8)),
    "vit_b16": (VIT, (3, 8, 8)),
    "vit_s": (VIT, (3, 8, 8)),
    "vit_small": (LOCAL_VIT, (3, 8, 8)),
    "vit_ti": (VIT, (3, 8, 8)),
    "vit_tiny": (LOCAL_VIT, (3, 8, 8)),
    "wrn28_10": ({"depth": 10, "factor": 2, "width": 2}, (3, 8, 8)),
}


def small(name: str, activations: tuple[Activation, ...] = (RELU,), seed: int = 0, **options: Any) -> nn.Module:
    """Build the small member, with further options."""
    spec = Network(name, tuple((NETS[name][0] | options).items()))
    return build_network(spec, activations, torch.Generator().manual_seed(seed))


def inputs_for(name: str, batch: int = 4) -> Tensor:
    """Draw a batch that the small member takes."""
    generator = torch.Generator().manual_seed(9)
    if name.endswith("_gpt"):
        return torch.randint(GPT["vocabulary"], (batch, *NETS[name][1]), generator=generator)
    return torch.randn(batch, *NETS[name][1], generator=generator)
