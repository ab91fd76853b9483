"""Weighted sums of unary operations on a piece of numbers, with their derivatives."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nasbench_sparse.core.operations import GAMMA_OPERATIONS
from nasbench_sparse.nn.mixture import Gradients, Mixture, bounded, weighted_sum, within
from nasbench_sparse.nn.pointwise import FORMULAS, SATURATING, Point


class UnarySums:
    """Sums of unary operations on one piece x (n,), for edges that see the same x.

    An operation without gamma is evaluated once for all edges.
    """

    def __init__(self, mixture: Mixture, edges: Sequence[int], x: Tensor) -> None:
        self.mixture, self.edges, self.x = mixture, edges, x
        self.point = Point(x)
        self._values: dict[object, Tensor] = {}
        self._slopes: dict[object, Tensor] = {}

    def forward(self) -> list[Tensor]:
        """Return each edge's sum, (n,)."""
        return [weighted_sum([self._value(e, k) for k in self._alive(e)], self._weights(e)) for e in self.edges]

    def backward(self, slopes: Sequence[Tensor], gradients: Gradients | None) -> Tensor:
        """Return the gradient of x given those of the sums; add those of weights and gammas, where wanted."""
        total = torch.zeros_like(self.x)
        for e, slope in zip(self.edges, slopes, strict=True):
            total.addcmul_(slope, weighted_sum([self._slope(e, k) for k in self._alive(e)], self._weights(e)))
            if gradients is not None:
                self._learn(e, slope, gradients)
        return total

    def _learn(self, edge: int, slope: Tensor, gradients: Gradients) -> None:
        for k, weight in zip(self._alive(edge), self._weights(edge), strict=True):
            gradients.weights.append((edge, k, slope @ self._value(edge, k)))
            if self._name(edge, k) in GAMMA_OPERATIONS:
                gradients.gammas.append((edge, k, weight * (slope @ self._by_gamma(edge, k))))

    def _alive(self, edge: int) -> tuple[int, ...]:
        return self.mixture.survivors[edge]

    def _weights(self, edge: int) -> list[float]:
        row = self.mixture.weights[edge]
        return [row[k] for k in self._alive(edge)]

    def _name(self, edge: int, k: int) -> str:
        return self.mixture.operations[edge][k]

    def _value(self, edge: int, k: int) -> Tensor:
        name = self._name(edge, k)
        key = (edge, name) if name in GAMMA_OPERATIONS else name
        if key not in self._values:
            gamma = self.mixture.gammas[edge][k]
            y = of_gamma(name, self.x, gamma) if name in GAMMA_OPERATIONS else FORMULAS[name].value(self.point)
            self._values[key] = bounded(y) if self._clipped(name) else y
        return self._values[key]

    def _slope(self, edge: int, k: int) -> Tensor:
        """Return the derivative by x."""
        name = self._name(edge, k)
        key = (edge, name) if name in GAMMA_OPERATIONS else name
        if key not in self._slopes:
            y = self._value(edge, k)
            if name in GAMMA_OPERATIONS:
                slope = torch.full_like(y, {"shift": 1.0, "constant": 0.0}.get(name, self.mixture.gammas[edge][k]))
            else:
                slope = FORMULAS[name].derivative(self.point, y)
            self._slopes[key] = within(slope, y) if self._clipped(name) else slope
        return self._slopes[key]

    def _by_gamma(self, edge: int, k: int) -> Tensor:
        name, y = self._name(edge, k), self._value(edge, k)
        slope = self.x if name == "scale" else torch.ones_like(y)
        return within(slope, y) if self._clipped(name) else slope

    def _clipped(self, name: str) -> bool:
        return self.mixture.bounded and name not in SATURATING


def of_gamma(name: str, x: Tensor, gamma: float) -> Tensor:
    """Evaluate a unary operation with a constant."""
    match name:
        case "shift":
            return x + gamma
        case "scale":
            return x * gamma
        case _:
            return torch.full_like(x, gamma)
