"""Small networks whose measures can be worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench_sparse.measures import MeasureContext
from nasbench_sparse.nn.networks import prunable_layers
from nasbench_sparse.nn.sites import Sites

Batch = tuple[Tensor, Tensor]


class TwoLinear(nn.Module):
    """x (B, 2) -> fc1 (2 units, relu) -> fc2 (1 output)."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(2, 2)
        self.fc2 = nn.Linear(2, 1, bias=False)
        self.sites = Sites(fc1=2)
        self.sites["fc1"] = nn.ReLU()
        with torch.no_grad():
            self.fc1.weight.copy_(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))
            self.fc1.bias.copy_(torch.tensor([0.0, 3.0]))
            self.fc2.weight.copy_(torch.tensor([[2.0, 1.0]]))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.sites["fc1"](self.fc1(x)))  # type: ignore[no-any-return]


class ConvNorm(nn.Module):
    """x (B, 1, 3, 3) -> conv (2 channels, 2x2) -> BatchNorm -> relu -> dropout -> fc of 8."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch_rng = torch.Generator().manual_seed(seed)
        self.conv = nn.Conv2d(1, 2, 2, bias=False)
        self.norm = nn.BatchNorm2d(2)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(8, 3)
        self.sites = Sites(conv=2)
        self.sites["conv"] = nn.ReLU()
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-1.0, 1.0, generator=torch_rng)

    def forward(self, x: Tensor) -> Tensor:
        x = self.sites["conv"](self.norm(self.conv(x)))
        return self.fc(self.dropout(x.flatten(1)))  # type: ignore[no-any-return]


class Residual(nn.Module):
    """x (B, 2, 4) -> conv1 -> relu -> conv2 + shortcut(x) -> relu -> fc; the second site is fed by two layers."""

    def __init__(self) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(3)
        self.conv1 = nn.Conv1d(2, 3, 1, bias=False)
        self.conv2 = nn.Conv1d(3, 3, 1, bias=False)
        self.shortcut = nn.Conv1d(2, 3, 1, bias=False)
        self.fc = nn.Linear(12, 2)
        self.sites = Sites(conv1=3, conv2=3)
        for name in self.sites.units:
            self.sites[name] = nn.ReLU()
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-1.0, 1.0, generator=rng)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.sites["conv1"](self.conv1(x))
        x = self.sites["conv2"](self.conv2(inner) + self.shortcut(x))
        return self.fc(x.flatten(1))  # type: ignore[no-any-return]


def half_square(outputs: Tensor, targets: Tensor) -> Tensor:
    """Half the mean squared error of (B, 1) outputs and (B,) targets."""
    return 0.5 * (outputs.squeeze(1) - targets).square().mean()


def context(
    network: nn.Module,
    batches: Sequence[Batch],
    masks: Sequence[Tensor] | None = None,
    loss: object = functional.cross_entropy,
) -> MeasureContext:
    """Mask the network's weights, without masks none, and return its context; the batches validate too."""
    layers = prunable_layers(network)
    masks = [torch.ones_like(w, dtype=torch.bool) for _, w in layers] if masks is None else masks
    with torch.no_grad():
        for (_, weight), mask in zip(layers, masks, strict=True):
            weight.mul_(mask)

    def start() -> Iterator[Batch]:
        return iter(batches)

    return MeasureContext(network, masks, start, loss, start)  # type: ignore[arg-type]


def noise(*shape: int, classes: int = 3, batches: int = 3, seed: int = 1) -> list[Batch]:
    """Return random batches of inputs of a shape whose first number is the batch's size."""
    rng = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(*shape, generator=rng), torch.randint(classes, shape[:1], generator=rng))
        for _ in range(batches)
    ]
