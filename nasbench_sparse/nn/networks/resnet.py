"""Residual networks: ResNet-18, -20, -32, -50 and their narrower and shallower relatives."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from nasbench_sparse.errors import TaskError
from nasbench_sparse.nn.sites import Sites

STEMS = ("3x3", "7x7")
SHORTCUTS = ("pad", "projection")


class Shortcut(nn.Module):
    """The path around a block: identity, or where the shape changes one of two forms.

    Args:
        form: "pad" subsamples and pads with zero channels on both sides (option A: no parameters); "projection" is
            a strided 1x1 convolution and batch normalisation (option B).
    """

    def __init__(self, inputs: int, outputs: int, stride: int, form: str) -> None:
        super().__init__()
        self.stride, self.missing = stride, outputs - inputs
        self.changes = stride != 1 or inputs != outputs
        if self.changes and form == "projection":
            self.conv: nn.Conv2d | None = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.norm = nn.BatchNorm2d(outputs)
        else:
            self.conv = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.changes:
            return x
        if self.conv is not None:
            return self.norm(self.conv(x))  # type: ignore[no-any-return]
        before = self.missing // 2
        x = x[:, :, :: self.stride, :: self.stride]
        return functional.pad(x, (0, 0, 0, 0, before, self.missing - before))


class ResidualBlock(nn.Module):
    """Convolutions with batch normalisation, an activation between them, and one after the shortcut is added.

    Args:
        width: channels of the inner convolutions.
        bottleneck: 1x1, 3x3 and 1x1 to four times the width, the stride on the 3x3; else two 3x3, the stride on
            the first.
    """

    def __init__(self, inputs: int, width: int, stride: int, bottleneck: bool, shortcut: str) -> None:
        super().__init__()
        outputs = 4 * width if bottleneck else width
        shape = [(1, 1), (3, stride), (1, 1)] if bottleneck else [(3, stride), (3, 1)]
        widths = [inputs, *[width] * (len(shape) - 1), outputs]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(widths[i], widths[i + 1], kernel, step, kernel // 2, bias=False)
            for i, (kernel, step) in enumerate(shape)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(units) for units in widths[1:])
        self.shortcut = Shortcut(inputs, outputs, stride, shortcut)
        self.units = tuple(widths[1:])

    def forward(self, x: Tensor, activations: list[nn.Module]) -> Tensor:
        *inner, last = activations
        y = x
        for convolution, norm, activation in zip(self.convolutions, self.norms, inner, strict=False):
            y = activation(norm(convolution(y)))
        y = self.norms[-1](self.convolutions[-1](y))
        return last(y + self.shortcut(x))  # type: ignore[no-any-return]


class ResNet(nn.Module):
    """A stem, stages of residual blocks, each twice as wide as the one before, and one linear layer.

    Sites: `stem`, then `block<i>_conv<j>` inside block i and `block<i>` after its addition.

    Args:
        blocks: number of blocks in each stage.
        width: channels of the first stage.
        channels: of the input images.
        stem: "3x3" keeps the size; "7x7" halves it twice (stride 2 and max pooling), as for ImageNet.
        shortcut: "pad" or "projection", see `Shortcut`.
        bottleneck: blocks of three convolutions, four times as wide at their ends.

    Raises:
        TaskError: another stem or shortcut.

    References:
        He et al. (2016), "Deep residual learning for image recognition", sections 3.3, 4.1 and 4.2.
    """

    def __init__(
        self,
        blocks: tuple[int, ...],
        width: int,
        classes: int = 10,
        channels: int = 3,
        stem: str = "3x3",
        shortcut: str = "projection",
        bottleneck: bool = False,
    ) -> None:
        super().__init__()
        if stem not in STEMS:
            raise TaskError(f"a ResNet has no stem {stem!r}; allowed are {' and '.join(STEMS)}")
        if shortcut not in SHORTCUTS:
            raise TaskError(f"a ResNet has no shortcut {shortcut!r}; allowed are {' and '.join(SHORTCUTS)}")
        large = stem == "7x7"
        self.pool = large
        self.conv = nn.Conv2d(channels, width, 7 if large else 3, 2 if large else 1, 3 if large else 1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.blocks = nn.ModuleList()
        inputs, units = width, {"stem": width}
        self.names: list[list[str]] = []
        for stage, count in enumerate(blocks):
            for i in range(count):
                stride = 2 if stage > 0 and i == 0 else 1
                block = ResidualBlock(inputs, width << stage, stride, bottleneck, shortcut)
                self.blocks.append(block)
                self.names.append(_site_names(len(self.blocks), len(block.units)))
                units |= zip(self.names[-1], block.units, strict=True)
                inputs = block.units[-1]
        self.fc = nn.Linear(inputs, classes)
        self.sites = Sites(**units)

    def forward(self, x: Tensor) -> Tensor:
        x = self.sites["stem"](self.norm(self.conv(x)))
        if self.pool:
            x = functional.max_pool2d(x, 3, 2, 1)
        for names, block in zip(self.names, self.blocks, strict=True):
            x = block(x, [self.sites[name] for name in names])
        return self.fc(x.mean((2, 3)))  # type: ignore[no-any-return]


def _site_names(block: int, count: int) -> list[str]:
    return [*(f"block{block}_conv{j}" for j in range(1, count)), f"block{block}"]
