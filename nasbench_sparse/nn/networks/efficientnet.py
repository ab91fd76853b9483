"""EfficientNet-B0 for small images."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nasbench_sparse.nn.sites import Sites

STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 1, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
"""Expansion, channels, blocks, stride and kernel of each stage, for 16x16 images."""


class SqueezeExcitation(nn.Module):
    """A gate for each channel from the channels' means, through a layer of `inner` units."""

    def __init__(self, units: int, inner: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(units, inner, 1)
        self.excite = nn.Conv2d(inner, units, 1)

    def forward(self, x: Tensor, activation: nn.Module) -> Tensor:
        means = x.mean((2, 3), keepdim=True)
        return x * torch.sigmoid(self.excite(activation(self.squeeze(means))))


class MobileBlock(nn.Module):
    """1x1 expansion (unless the factor is 1), depthwise convolution, channel gates, and linear 1x1 projection."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        units = inputs * expansion
        self.expand: nn.Sequential | None = None
        if expansion != 1:
            self.expand = nn.Sequential(nn.Conv2d(inputs, units, 1, bias=False), nn.BatchNorm2d(units))
        self.conv = nn.Conv2d(units, units, kernel, stride, kernel // 2, groups=units, bias=False)
        self.norm = nn.BatchNorm2d(units)
        self.gate = SqueezeExcitation(units, max(1, inputs // 4))
        self.project = nn.Sequential(nn.Conv2d(units, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.residual = stride == 1 and inputs == outputs
        self.units = {"expand": units, "depthwise": units, "squeeze": max(1, inputs // 4)}
        if self.expand is None:
            del self.units["expand"]

    def forward(self, x: Tensor, activations: dict[str, nn.Module]) -> Tensor:
        y = x if self.expand is None else activations["expand"](self.expand(x))
        y = activations["depthwise"](self.norm(self.conv(y)))
        y = self.project(self.gate(y, activations["squeeze"]))
        return x + y if self.residual else y  # type: ignore[no-any-return]


class EfficientNet(nn.Module):
    """EfficientNet-B0 whose stem and second stage keep the size: 16x16 images end as 2x2.

    The parameters are those of the published network, whose strides leave less than one pixel of 16x16. Sites, all
    swish in the published network: `stem`, `block<i>_expand`, `_depthwise` and `_squeeze` in block i, and `head`.
    Neither dropout nor stochastic depth.

    Args:
        channels: of the input images.
        width: multiplies all channels.
        stages: expansion, channels, blocks, stride and kernel of each stage.

    References:
        Tan and Le (2019), table 1; SAFS, section 5, for images of 16x16.
    """

    def __init__(
        self,
        classes: int = 1000,
        channels: int = 3,
        width: float = 1.0,
        stages: tuple[tuple[int, int, int, int, int], ...] = STAGES,
    ) -> None:
        super().__init__()
        inputs, head = round(32 * width), round(1280 * width)
        self.stem = nn.Sequential(nn.Conv2d(channels, inputs, 3, padding=1, bias=False), nn.BatchNorm2d(inputs))
        self.blocks = nn.ModuleList()
        units = {"stem": inputs}
        self.places: list[tuple[str, ...]] = []
        for expansion, filters, count, stride, kernel in stages:
            for i in range(count):
                outputs = round(filters * width)
                block = MobileBlock(inputs, outputs, expansion, stride if i == 0 else 1, kernel)
                self.blocks.append(block)
                self.places.append(tuple(block.units))
                units |= {f"block{len(self.blocks)}_{place}": n for place, n in block.units.items()}
                inputs = outputs
        self.head = nn.Sequential(nn.Conv2d(inputs, head, 1, bias=False), nn.BatchNorm2d(head))
        self.fc = nn.Linear(head, classes)
        self.sites = Sites(**units, head=head)

    def forward(self, x: Tensor) -> Tensor:
        x = self.sites["stem"](self.stem(x))
        for i, (block, places) in enumerate(zip(self.blocks, self.places, strict=True), start=1):
            x = block(x, {place: self.sites[f"block{i}_{place}"] for place in places})
        x = self.sites["head"](self.head(x))
        return self.fc(x.mean((2, 3)))  # type: ignore[no-any-return]
