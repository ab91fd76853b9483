"""Small convolutional networks for two-core studies."""

from __future__ import annotations

from torch import Tensor, nn

from nasbench_sparse.nn.sites import Sites


class SmallCNN(nn.Module):
    """Two strided 3x3 convolutions and a hidden layer for 28x28 images: 26,698 parameters at the default widths."""

    def __init__(self, widths: tuple[int, int, int] = (8, 16, 32), classes: int = 10) -> None:
        super().__init__()
        first, second, hidden = widths
        self.conv1 = nn.Conv2d(1, first, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(first, second, 3, stride=2, padding=1)
        self.fc1 = nn.Linear(49 * second, hidden)
        self.fc2 = nn.Linear(hidden, classes)
        self.sites = Sites(conv1=first, conv2=second, fc1=hidden)

    def forward(self, x: Tensor) -> Tensor:
        x = self.sites["conv1"](self.conv1(x))  # (B, 1, 28, 28) -> (B, C1, 14, 14)
        x = self.sites["conv2"](self.conv2(x))  # -> (B, C2, 7, 7)
        x = self.sites["fc1"](self.fc1(x.flatten(1)))
        return self.fc2(x)  # type: ignore[no-any-return]


class CNN1D(nn.Module):
    """Three strided 1-D convolutions for signals of length 40: 5,210 parameters at 25 channels.

    References:
        Greydanus and Kobak (2024), "Scaling down deep learning with MNIST-1D", its convolutional baseline.
    """

    def __init__(self, channels: int = 25, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, channels, 5, stride=2, padding=1)
        self.conv2 = nn.Conv1d(channels, channels, 3, stride=2, padding=1)
        self.conv3 = nn.Conv1d(channels, channels, 3, stride=2, padding=1)
        self.fc1 = nn.Linear(5 * channels, classes)
        self.sites = Sites(conv1=channels, conv2=channels, conv3=channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.sites["conv1"](self.conv1(x))  # (B, 1, 40) -> (B, C, 19)
        x = self.sites["conv2"](self.conv2(x))  # -> (B, C, 10)
        x = self.sites["conv3"](self.conv3(x))  # -> (B, C, 5)
        return self.fc1(x.flatten(1))  # type: ignore[no-any-return]
