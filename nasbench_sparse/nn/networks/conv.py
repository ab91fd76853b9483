"""Conv-2, Conv-4 and Conv-6: small VGG-like networks without normalisation."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from nasbench_sparse.errors import TaskError
from nasbench_sparse.nn.sites import Sites


class ConvNet(nn.Module):
    """Pairs of 3x3 convolutions, each pair twice as wide as the one before and pooled; three linear layers.

    Args:
        pairs: pairs of convolutions; 1, 2 and 3 are Conv-2, Conv-4 and Conv-6.
        channels: of the input images.
        size: height and width of the input images.
        width: channels of the first pair.
        hidden: units of each of the two hidden linear layers.

    Raises:
        TaskError: images that pooling leaves nothing of.

    References:
        Frankle and Carbin (2019), "The lottery ticket hypothesis", figure 2; ASNI, table 2.
    """

    def __init__(
        self, pairs: int, classes: int = 10, channels: int = 3, size: int = 32, width: int = 64, hidden: int = 256
    ) -> None:
        super().__init__()
        if size >> pairs == 0:
            raise TaskError(f"images of {size} pixels are too small to be halved {pairs} times")
        widths = [width << (i // 2) for i in range(2 * pairs)]
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise([channels, *widths]))
        flat = widths[-1] * (size >> pairs) ** 2
        self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise([flat, hidden, hidden, classes]))
        names = {f"conv{i}": units for i, units in enumerate(widths, start=1)}
        self.sites = Sites(**names, fc1=hidden, fc2=hidden)

    def forward(self, x: Tensor) -> Tensor:
        for i, convolution in enumerate(self.convolutions, start=1):
            x = self.sites[f"conv{i}"](convolution(x))
            if i % 2 == 0:
                x = functional.max_pool2d(x, 2)
        x = x.flatten(1)
        x = self.sites["fc1"](self.linears[0](x))
        x = self.sites["fc2"](self.linears[1](x))
        return self.linears[2](x)  # type: ignore[no-any-return]
