"""The weighted sum of binary operations at a vertex on a piece of numbers, with its derivatives."""

from __future__ import annotations

import math
from functools import cached_property

import torch
from torch import Tensor

from nasbench_sparse.nn.mixture import Gradients, Mixture, bounded, weighted_sum, within
from nasbench_sparse.nn.operations import GROWING_BINARY


class BinarySum:
    """The sum of binary operations at one vertex, on pieces left and right (n,)."""

    def __init__(self, mixture: Mixture, vertex: int, left: Tensor, right: Tensor) -> None:
        self.vertex, self.left, self.right = vertex, left, right
        self.alive = mixture.survivors[vertex]
        self.weights = [mixture.weights[vertex][k] for k in self.alive]
        self.names = [mixture.operations[vertex][k] for k in self.alive]
        self.clipped = [mixture.bounded and name in GROWING_BINARY for name in self.names]
        shares = [
            1.0 / (1.0 + math.exp(-mixture.gammas[vertex][k])) for k in self.alive if self._is_mix(k, mixture)
        ]
        self.share = shares[0] if shares else 0.0
        self.values = [self._value(name, clip) for name, clip in zip(self.names, self.clipped, strict=True)]

    def forward(self) -> Tensor:
        """Return the sum, (n,)."""
        return weighted_sum(self.values, self.weights)

    def backward(self, slope: Tensor, gradients: Gradients | None) -> tuple[Tensor, Tensor]:
        """Return the gradients of left and right given that of the sum; add the others where wanted."""
        if gradients is not None:
            self._learn(slope, gradients)
        by_left, by_right = zip(*map(self._partials, range(len(self.names))), strict=True)
        return slope * weighted_sum(by_left, self.weights), slope * weighted_sum(by_right, self.weights)

    def _learn(self, slope: Tensor, gradients: Gradients) -> None:
        for k, name, weight, value in zip(self.alive, self.names, self.weights, self.values, strict=True):
            gradients.weights.append((self.vertex, k, slope @ value))
            if name == "mix":
                factor = weight * self.share * (1.0 - self.share)
                gradients.gammas.append((self.vertex, k, factor * (slope @ (self.left - self.right))))

    def _is_mix(self, k: int, mixture: Mixture) -> bool:
        return mixture.operations[self.vertex][k] == "mix"

    def _value(self, name: str, clip: bool) -> Tensor:
        y = self._plain(name)
        return bounded(y) if clip else y

    def _plain(self, name: str) -> Tensor:
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

    def _partials(self, i: int) -> tuple[Tensor, Tensor]:
        """Return the derivatives of the i-th value by left and by right, (n,)."""
        by_left, by_right = self._slopes(self.names[i])
        if self.clipped[i]:
            return within(by_left, self.values[i]), within(by_right, self.values[i])
        return by_left, by_right

    def _slopes(self, name: str) -> tuple[Tensor, Tensor]:
        one, zero = self.one, torch.zeros_like(self.left)
        match name:
            case "add":
                return one, one
            case "subtract":
                return one, -one
            case "multiply":
                return self.right, self.left
            case "maximum":
                return self.above, 1.0 - self.above
            case "minimum":
                return 1.0 - self.above, self.above
            case "gate":
                return self.right * torch.ops.aten.sigmoid_backward(one, self.gate), self.gate
            case "mix":
                return one * self.share, one * (1.0 - self.share)
            case "left":
                return one, zero
            case _:
                return zero, one

    @cached_property
    def gate(self) -> Tensor:
        """sigmoid(left)."""
        return torch.sigmoid(self.left)

    @cached_property
    def one(self) -> Tensor:
        """1, of left's shape."""
        return torch.ones_like(self.left)

    @cached_property
    def above(self) -> Tensor:
        """1 where left is larger, 0 where right is, 1/2 on a tie."""
        return torch.sign(self.left - self.right).add_(1.0).mul_(0.5)
