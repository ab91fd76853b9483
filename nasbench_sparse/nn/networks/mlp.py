"""Fully connected networks."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from nasbench_sparse.errors import TaskError
from nasbench_sparse.nn.sites import Sites


class MLP(nn.Module):
    """Fully connected layers fc1, fc2, ..., the last one giving the logits.

    Args:
        batch_norm: normalise before each activation.
        bias: whether the linear layers have biases.
        skip: add the output of hidden layer i to the pre-activation of layer i + 2, for i = 1, 3, 5, ...

    Raises:
        TaskError: a skip between layers of different widths.

    References:
        Tessera's thesis, section 4.3.1.2 (batch normalisation, a skip every two layers).
    """

    def __init__(
        self,
        inputs: int,
        hidden: tuple[int, ...],
        classes: int = 10,
        batch_norm: bool = False,
        skip: bool = False,
        bias: bool = True,
    ) -> None:
        super().__init__()
        widths = (inputs, *hidden, classes)
        if skip and any(hidden[i] != hidden[i + 2] for i in range(0, len(hidden) - 2, 2)):
            raise TaskError(f"a skip adds layers of equal width; hidden layers {hidden} differ two apart")
        self.layers = nn.ModuleList(nn.Linear(a, b, bias=bias) for a, b in pairwise(widths))
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
