"""Forward passes equal to those of torchvision's networks, given the same weights."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nasbench_sparse.core.blueprint import Network, Operator
from nasbench_sparse.nn.networks import build_network
from nasbench_sparse.vision import load_torchvision

pytestmark = pytest.mark.skipif(find_spec("torchvision") is None, reason="torchvision is an optional extra")

KINDS = (nn.Conv2d, nn.BatchNorm2d, nn.Linear)


def _ours(name: str, activation: str, **options: Any) -> nn.Module:
    spec = Network(name, tuple(options.items()))
    return build_network(spec, (Operator(activation),), torch.Generator().manual_seed(0))


def _copy(theirs: nn.Module, ours: nn.Module) -> None:
    """Copy layer by layer, in order within each kind."""
    for kind in KINDS:
        sources = [module for module in theirs.modules() if isinstance(module, kind)]
        targets = [module for module in ours.modules() if isinstance(module, kind)]
        for source, target in zip(sources, targets, strict=True):
            target.load_state_dict(source.state_dict())


def _images(size: int) -> Tensor:
    return torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(1))


def _assert_equal(theirs: nn.Module, ours: nn.Module, x: Tensor) -> None:
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("block", "bottleneck"), [("BasicBlock", False), ("Bottleneck", True)])
def test_resnet_is_torchvisions(block: str, bottleneck: bool) -> None:
    resnet = load_torchvision().models.resnet
    theirs = resnet.ResNet(getattr(resnet, block), [1, 2, 1, 1], num_classes=7)
    name = "resnet50" if bottleneck else "resnet18"
    ours = _ours(name, "relu", blocks=(1, 2, 1, 1), classes=7, stem="7x7")
    _copy(theirs, ours)
    _assert_equal(theirs, ours, _images(64))  # batch statistics
    _assert_equal(theirs.eval(), ours.eval(), _images(64))


def test_vit_is_torchvisions() -> None:
    transformer = load_torchvision().models.VisionTransformer
    theirs = transformer(16, 8, num_layers=2, num_heads=2, hidden_dim=12, mlp_dim=20, num_classes=5)
    ours = _ours("vit_b16", "gelu", size=16, patch=8, depth=2, heads=2, width=12, hidden=20, classes=5)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in theirs.parameters():  # its head and class token start at zero
            parameter.normal_(0.0, 0.3, generator=generator)
    state = theirs.state_dict()
    renamed = {"token.weight": "class_token", "position.weight": "encoder.pos_embedding"}
    parts = {
        "norm1": "ln_1", "norm2": "ln_2", "attention.project": "self_attention.out_proj",
        "perceptron.expand": "mlp.0", "perceptron.project": "mlp.3",
    }  # fmt: skip
    for part in ("weight", "bias"):
        renamed |= {
            f"patches.{part}": f"conv_proj.{part}",
            f"norm.{part}": f"encoder.ln.{part}",
            f"head.{part}": f"heads.head.{part}",
        }
        for i in range(2):
            layer = f"encoder.layers.encoder_layer_{i}"
            renamed[f"blocks.{i}.attention.mix.{part}"] = f"{layer}.self_attention.in_proj_{part}"
            renamed |= {f"blocks.{i}.{a}.{part}": f"{layer}.{b}.{part}" for a, b in parts.items()}
    ours.load_state_dict({mine: state[yours] for mine, yours in renamed.items()})
    _assert_equal(theirs.eval(), ours.eval(), _images(16))


def test_vgg_is_torchvisions() -> None:
    vgg = load_torchvision().models.vgg
    theirs = nn.Sequential(vgg.make_layers(vgg.cfgs["A"], batch_norm=True), nn.Flatten(), nn.Linear(512, 10))
    ours = _ours("vgg11", "relu")
    _copy(theirs, ours)
    _assert_equal(theirs, ours, _images(32))


def test_efficientnet_is_torchvisions_with_other_strides() -> None:
    theirs = load_torchvision().models.efficientnet_b0(num_classes=6).eval()
    ours = _ours("efficientnet_b0", "swish", classes=6).eval()
    _copy(theirs, ours)
    theirs.features[0][0].stride = theirs.features[2][0].block[1][0].stride = (1, 1)
    _assert_equal(theirs, ours, _images(16))
