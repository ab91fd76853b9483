"""LeNet-5."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from nasbench_sparse.nn.sites import Sites


class LeNet5(nn.Module):
    """LeNet-5 for 28x28 images without padding: 44,426 parameters.

    References:
        LeCun et al. (1998); the widths are those of the pruning literature (6, 16, 120, 84).
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(256, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)
        self.sites = Sites(conv1=6, conv2=16, fc1=120, fc2=84)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.max_pool2d(self.sites["conv1"](self.conv1(x)), 2)  # (B, 1, 28, 28) -> (B, 6, 12, 12)
        x = functional.max_pool2d(self.sites["conv2"](self.conv2(x)), 2)  # -> (B, 16, 4, 4)
        x = self.sites["fc1"](self.fc1(x.flatten(1)))
        x = self.sites["fc2"](self.fc2(x))
        return self.fc3(x)  # type: ignore[no-any-return]
