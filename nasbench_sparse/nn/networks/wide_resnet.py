"""Wide residual networks: blocks whose normalisation and activation come before each convolution."""

from __future__ import annotations

from torch import Tensor, nn

from nasbench_sparse.errors import TaskError
from nasbench_sparse.nn.sites import Sites


class WideBlock(nn.Module):
    """Twice normalisation, activation and 3x3 convolution; a 1x1 one beside them where the width changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        changes = stride != 1 or inputs != outputs
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if changes else None

    def forward(self, x: Tensor, first: nn.Module, second: nn.Module) -> Tensor:
        y = first(self.norm1(x))
        z = self.conv2(second(self.norm2(self.conv1(y))))
        return z + (x if self.shortcut is None else self.shortcut(y))  # type: ignore[no-any-return]


class WideResNet(nn.Module):
    """WRN-depth-factor: three stages of (depth - 4) / 6 blocks of 16, 32 and 64 times `factor` channels.

    Sites: `block<i>_in` and `block<i>_mid` inside block i, and `head` before the mean. No dropout.

    Raises:
        TaskError: a depth that is not 6n + 4.

    References:
        Zagoruyko and Komodakis (2016), "Wide residual networks", table 1.
    """

    def __init__(
        self, depth: int = 28, factor: int = 10, classes: int = 10, channels: int = 3, width: int = 16
    ) -> None:
        super().__init__()
        if depth < 10 or depth % 6 != 4:
            raise TaskError(f"a wide ResNet has no depth {depth}; allowed are 6n + 4: 10, 16, 22, 28, ...")
        self.conv = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.blocks = nn.ModuleList()
        units: dict[str, int] = {}
        inputs = width
        for i in range(3 * ((depth - 4) // 6)):
            stage, place = divmod(i, (depth - 4) // 6)
            outputs = (width << stage) * factor
            self.blocks.append(WideBlock(inputs, outputs, 2 if stage > 0 and place == 0 else 1))
            units |= {f"block{i + 1}_in": inputs, f"block{i + 1}_mid": outputs}
            inputs = outputs
        self.norm = nn.BatchNorm2d(inputs)
        self.fc = nn.Linear(inputs, classes)
        self.sites = Sites(**units, head=inputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        for i, block in enumerate(self.blocks, start=1):
            x = block(x, self.sites[f"block{i}_in"], self.sites[f"block{i}_mid"])
        x = self.sites["head"](self.norm(x))
        return self.fc(x.mean((2, 3)))  # type: ignore[no-any-return]
