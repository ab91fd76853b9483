"""The weighted sum of binary operations at a vertex on a piece of numbers, with its derivatives."""

from __future__ import annotations

import torch
from torch import Tensor

from nasbench_sparse.nn.mixture import Gradients, Mixture, bounded, within
from nasbench_sparse.nn.operations import GROWING_BINARY


class BinarySum:
    """The sum of binary operations at one vertex, on pieces left and right (n,)."""

    def __init__(self, mixture: Mixture, vertex: int, left: Tensor, right: Tensor) -> None:
        self.mixture, self.vertex, self.left, self.right = mixture, vertex, left, right
        self.alive = list(mixture.survivors[vertex])
        self.weights = mixture.weights[vertex, self.alive]
        self.names = [mixture.operations[vertex][k] for k in self.alive]
        self.clip = [mixture.bounded and name in GROWING_BINARY for name in self.names]
        if "gate" in self.names:
            self.gate = torch.sigmoid(left)
        if "mix" in self.names:
            self.share = torch.sigmoid(mixture.gammas[vertex, self.alive[self.names.index("mix")]])
        self.raw = [self._value(name) for name in self.names]
        self.values = torch.stack([bounded(y) if c else y for y, c in zip(self.raw, self.clip, strict=True)])

    def forward(self) -> Tensor:
        """Return the sum, (n,)."""
        return self.weights @ self.values

    def backward(self, slope: Tensor, gradients: Gradients | None) -> tuple[Tensor, Tensor]:
        """Return the gradients of left and right given that of the sum; add up the others where wanted."""
        partial = [self._partials(name) for name in self.names]
        rows = [
            torch.stack([within(d, y) if c else d for d, y, c in zip(side, self.raw, self.clip, strict=True)])
            for side in zip(*partial, strict=True)
        ]
        if gradients is not None:
            gradients.weights[self.vertex, self.alive] += self.values @ slope
            if "mix" in self.names:
                i = self.names.index("mix")
                by_gamma = self.share * (1.0 - self.share) * (slope @ (self.left - self.right))
                gradients.gammas[self.vertex, self.alive[i]] += self.weights[i] * by_gamma
        return slope * (self.weights @ rows[0]), slope * (self.weights @ rows[1])

    def _value(self, name: str) -> Tensor:
        left, right = self.left, self.right
        match name:
            case "add":
                return left + right
            case "subtract":
                return left - right
            case "multiply":
                return left * right
            case "maximum":
                return torch.maximum(left, right)
            case "minimum":
                return torch.minimum(left, right)
            case "gate":
                return self.gate * right
            case "mix":
                return torch.lerp(right, left, self.share)
            case "left":
                return left
            case _:
                return right

    def _partials(self, name: str) -> tuple[Tensor, Tensor]:
        """Return the derivatives by left and by right, (n,)."""
        left, right = self.left, self.right
        one, zero = torch.ones_like(left), torch.zeros_like(left)
        match name:
            case "add":
                return one, one
            case "subtract":
                return one, -one
            case "multiply":
                return right, left
            case "maximum":
                above = self._above
                return above, 1.0 - above
            case "minimum":
                above = self._above
                return 1.0 - above, above
            case "gate":
                return (self.gate - torch.square(self.gate)) * right, self.gate
            case "mix":
                return one * self.share, one * (1.0 - self.share)
            case "left":
                return one, zero
            case _:
                return zero, one

    @property
    def _above(self) -> Tensor:
        """1 where left is larger, 0 where right is, 1/2 on a tie."""
        return torch.sign(self.left - self.right).add_(1.0).mul_(0.5)
