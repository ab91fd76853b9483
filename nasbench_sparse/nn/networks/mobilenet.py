"""MobileNetV2 for 32x32 images."""

from __future__ import annotations

from torch import Tensor, nn

from nasbench_sparse.nn.sites import Sites

STAGES = ((1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, blocks and stride of each stage; the second stage and the stem keep the size."""


class InvertedResidual(nn.Module):
    """1x1 expansion, depthwise 3x3 and linear 1x1 projection, each normalised, with a shortcut at stride 1.

    Where the number of channels changes at stride 1, the shortcut is a normalised 1x1 convolution.
    """

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        self.units = inputs * expansion
        self.conv1 = nn.Conv2d(inputs, self.units, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(self.units)
        self.conv2 = nn.Conv2d(self.units, self.units, 3, stride, 1, groups=self.units, bias=False)
        self.norm2 = nn.BatchNorm2d(self.units)
        self.conv3 = nn.Conv2d(self.units, outputs, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(outputs)
        self.residual = stride == 1
        self.shortcut: nn.Module = nn.Identity()
        if self.residual and inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor, expanded: nn.Module, filtered: nn.Module) -> Tensor:
        y = expanded(self.norm1(self.conv1(x)))
        y = filtered(self.norm2(self.conv2(y)))
        y = self.norm3(self.conv3(y))
        return y + self.shortcut(x) if self.residual else y  # type: ignore[no-any-return]


class MobileNetV2(nn.Module):
    """MobileNetV2 whose stem and second stage keep the size: 32x32 images end as 4x4.

    Sites: `stem`, `block<i>_expand` and `block<i>_depthwise` in block i, and `head`.

    Args:
        channels: of the input images.
        width: multiplies all channels.
        stages: expansion, channels, blocks and stride of each stage.

    References:
        Sandler et al. (2018), table 2, with the strides usual for CIFAR.
    """

    def __init__(
        self,
        classes: int = 100,
        channels: int = 3,
        width: float = 1.0,
        stages: tuple[tuple[int, int, int, int], ...] = STAGES,
    ) -> None:
        super().__init__()
        inputs, head = round(32 * width), round(1280 * width)
        self.conv1 = nn.Conv2d(channels, inputs, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(inputs)
        self.blocks = nn.ModuleList()
        units = {"stem": inputs}
        for expansion, filters, count, stride in stages:
            for i in range(count):
                block = InvertedResidual(inputs, round(filters * width), expansion, stride if i == 0 else 1)
                self.blocks.append(block)
                place = f"block{len(self.blocks)}"
                units |= {f"{place}_expand": block.units, f"{place}_depthwise": block.units}
                inputs = round(filters * width)
        self.conv2 = nn.Conv2d(inputs, head, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(head)
        self.fc = nn.Linear(head, classes)
        self.sites = Sites(**units, head=head)

    def forward(self, x: Tensor) -> Tensor:
        x = self.sites["stem"](self.norm1(self.conv1(x)))
        for i, block in enumerate(self.blocks, start=1):
            x = block(x, self.sites[f"block{i}_expand"], self.sites[f"block{i}_depthwise"])
        x = self.sites["head"](self.norm2(self.conv2(x)))
        return self.fc(x.mean((2, 3)))  # type: ignore[no-any-return]
