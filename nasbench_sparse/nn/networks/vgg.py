"""VGG with batch normalisation and one linear layer, as used for CIFAR."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from nasbench_sparse.nn.sites import Sites


class VGG(nn.Module):
    """3x3 convolutions (with bias) and batch normalisation in stages of width, 2, 4, 8 and 8 times `width`.

    Each stage ends with max pooling, which rounds up so that images of any size fit; then the mean over what is
    left of the image (one pixel of 32x32) and one linear layer.

    Args:
        layers: convolutions in each stage.
        channels: of the input images.
        width: channels of the first stage, 64 in the published networks.

    References:
        Simonyan and Zisserman (2015); ASNI, section 4 and table 2, for the single linear layer.
    """

    def __init__(self, layers: tuple[int, ...], classes: int = 10, channels: int = 3, width: int = 64) -> None:
        super().__init__()
        widths = [width * min(1 << stage, 8) for stage, count in enumerate(layers) for _ in range(count)]
        inputs = [channels, *widths[:-1]]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1) for a, b in zip(inputs, widths, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(units) for units in widths)
        self.fc = nn.Linear(widths[-1], classes)
        self.ends = {sum(layers[: stage + 1]) for stage in range(len(layers))}
        self.sites = Sites(**{f"conv{i}": units for i, units in enumerate(widths, start=1)})

    def forward(self, x: Tensor) -> Tensor:
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True), start=1):
            x = self.sites[f"conv{i}"](norm(convolution(x)))
            if i in self.ends:
                x = functional.max_pool2d(x, 2, ceil_mode=True)
        return self.fc(x.mean((2, 3)))  # type: ignore[no-any-return]
