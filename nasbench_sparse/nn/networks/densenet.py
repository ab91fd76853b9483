"""DenseNet without bottlenecks."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench_sparse.errors import TaskError
from nasbench_sparse.nn.sites import Sites

BLOCKS = 3


class DenseStep(nn.Module):
    """Normalisation, activation and convolution: `growth` new channels beside the old ones, or a transition.

    A transition is a 1x1 convolution that keeps the number of channels, and average pooling by two.
    """

    def __init__(self, inputs: int, growth: int | None) -> None:
        super().__init__()
        self.transition = growth is None
        self.norm = nn.BatchNorm2d(inputs)
        if growth is None:
            self.conv = nn.Conv2d(inputs, inputs, 1, bias=False)
        else:
            self.conv = nn.Conv2d(inputs, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor, activation: nn.Module) -> Tensor:
        y = self.conv(activation(self.norm(x)))
        return functional.avg_pool2d(y, 2) if self.transition else torch.cat((x, y), dim=1)


class DenseNet(nn.Module):
    """Three dense blocks of (depth - 4) / 3 layers that each add `growth` channels, with transitions between.

    Sites: `step<i>` before the convolution of each layer and transition, and `head`. No dropout, no compression.

    Args:
        channels: of the input images.
        width: channels of the first convolution.

    Raises:
        TaskError: a depth that is not 3n + 4.

    References:
        Huang et al. (2017), "Densely connected convolutional networks", section 3 and table 2 (L = 40, k = 12).
    """

    def __init__(
        self, depth: int = 40, growth: int = 12, classes: int = 10, channels: int = 3, width: int = 16
    ) -> None:
        super().__init__()
        if depth < 7 or depth % BLOCKS != 1:
            raise TaskError(f"a DenseNet has no depth {depth}; allowed are 3n + 4: 7, 10, ..., 40, ...")
        block: list[int | None] = [growth] * ((depth - 4) // BLOCKS)
        self.conv = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.steps = nn.ModuleList()
        units: dict[str, int] = {}
        for i, added in enumerate([*block, None, *block, None, *block], start=1):
            self.steps.append(DenseStep(width, added))
            units[f"step{i}"] = width
            width += added or 0
        self.norm = nn.BatchNorm2d(width)
        self.fc = nn.Linear(width, classes)
        self.sites = Sites(**units, head=width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        for i, step in enumerate(self.steps, start=1):
            x = step(x, self.sites[f"step{i}"])
        x = self.sites["head"](self.norm(x))
        return self.fc(x.mean((2, 3)))  # type: ignore[no-any-return]
