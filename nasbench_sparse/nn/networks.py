"""Networks by name, built with their activations and initialised from a passed generator alone."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench_sparse.core.blueprint import Activation, Network
from nasbench_sparse.errors import TaskError, unknown
from nasbench_sparse.nn import sites
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


class MLP(nn.Module):
    """Fully connected layers fc1, fc2, ..., the last one giving the logits.

    Args:
        batch_norm: normalise before each activation.
        skip: add the output of hidden layer i to the pre-activation of layer i + 2, for i = 1, 3, 5, ...

    Raises:
        TaskError: a skip between layers of different widths.

    References:
        Tessera's thesis, the MLP space of SNAS (batch normalisation, a skip every two layers).
    """

    def __init__(
        self,
        inputs: int,
        hidden: tuple[int, ...],
        classes: int = 10,
        batch_norm: bool = False,
        skip: bool = False,
    ) -> None:
        super().__init__()
        widths = (inputs, *hidden, classes)
        if skip and any(hidden[i] != hidden[i + 2] for i in range(0, len(hidden) - 2, 2)):
            raise TaskError(f"a skip adds layers of equal width; hidden layers {hidden} differ two apart")
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) if batch_norm else nn.Identity() for width in hidden)
        self.sites = Sites(**{f"fc{i}": width for i, width in enumerate(hidden, start=1)})
        self.skip = skip

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        kept: Tensor | None = None
        for i, (norm, activation) in enumerate(zip(self.norms, self.sites.values(), strict=True)):
            x = norm(self.layers[i](x))
            if self.skip and i % 2 == 0:
                x = x if kept is None else x + kept
            x = activation(x)
            kept = x if i % 2 == 0 else kept
        return self.layers[-1](x)  # type: ignore[no-any-return]


NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "cnn1d": CNN1D,
    "lenet5": LeNet5,
    "mlp": MLP,
    "small_cnn": SmallCNN,
}


def build_network(spec: Network, activations: Sequence[Activation], generator: torch.Generator | None) -> nn.Module:
    """Build a network by name and initialise it.

    Weights are drawn before activations, so that they do not depend on the activations. The global generator
    is never used.

    Args:
        spec: registered name and options of the builder.
        activations: one for each site in forward order, or a single one for all.
        generator: source of the initial values.
    Raises:
        UnknownName: an unknown network or option, naming the nearest ones.
        TaskError: a wrong number of activations, naming the layer.
    """
    builder = NETWORKS.get(spec.name)
    if builder is None:
        raise unknown("network", spec.name, NETWORKS)
    for option, _ in spec.options:
        if option not in inspect.signature(builder).parameters:
            raise unknown(f"option of network {spec.name!r}", option, inspect.signature(builder).parameters)
    with torch.device("meta"):  # shapes only: nothing is drawn from the global generator
        network = builder(**dict(spec.options))
    network.to_empty(device="cpu")
    initialise(network, generator)
    sites.install(network, spec.name, activations, generator)
    return network


@torch.no_grad()
def initialise(network: nn.Module, generator: torch.Generator | None) -> None:
    """Draw weights and biases from U(-1/sqrt(fan_in), 1/sqrt(fan_in)), torch's default, in module order."""
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
            bound = 1.0 / math.sqrt(module.weight[0].numel())
            module.weight.uniform_(-bound, bound, generator=generator)
            if module.bias is not None:
                module.bias.uniform_(-bound, bound, generator=generator)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.reset_parameters()


def prunable_layers(network: nn.Module) -> list[tuple[str, Tensor]]:
    """Return name and weight of each convolution and linear layer, in the order they are defined (forward order).

    Biases, normalisations and activations are never pruned.
    """
    return [
        (name, module.weight)
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear) and not name.startswith("sites.")
    ]
