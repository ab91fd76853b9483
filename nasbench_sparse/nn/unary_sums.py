"""Weighted sums of unary operations on a piece of numbers, with their derivatives."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nasbench_sparse.core.operations import GAMMA_OPERATIONS
from nasbench_sparse.nn.mixture import Gradients, Mixture, bounded, within
from nasbench_sparse.nn.pointwise import FORMULAS, SATURATING, Point


class UnarySums:
    """Sums of unary operations on one piece x (n,), for edges that see the same x."""

    def __init__(self, mixture: Mixture, edges: Sequence[int], x: Tensor) -> None:
        self.mixture, self.edges, self.x = mixture, list(edges), x
        self.point = Point(x)
        names = self.names = mixture.operations[self.edges[0]]
        alive = [set(mixture.survivors[e]) for e in self.edges]
        self.shared = [k for k in sorted(set().union(*alive)) if names[k] not in GAMMA_OPERATIONS]
        self.own = [(i, k) for i, row in enumerate(alive) for k in sorted(row) if names[k] in GAMMA_OPERATIONS]
        self.weights = mixture.weights[self.edges][:, self.shared]
        self.raw = [FORMULAS[names[k]].value(self.point) for k in self.shared]
        self.values = [
            bounded(y) if self._clipped(k) else y for k, y in zip(self.shared, self.raw, strict=True)
        ]

    def forward(self) -> list[Tensor]:
        """Return each edge's sum, (n,)."""
        if self.values:
            sums = list(self.weights @ torch.stack(self.values))
        else:
            sums = [torch.zeros_like(self.x) for _ in self.edges]
        for i, k in self.own:
            sums[i] = sums[i] + self.mixture.weights[self.edges[i], k] * self._of_gamma(i, k)[0]
        return sums

    def backward(self, slopes: Sequence[Tensor], gradients: Gradients | None) -> Tensor:
        """Return the gradient of x given those of the sums; add up those of weights and gammas, where wanted."""
        total = torch.zeros_like(self.x)
        if self.values:
            derivatives = [
                within(d, y) if self._clipped(k) else d
                for k, y in zip(self.shared, self.raw, strict=True)
                for d in (FORMULAS[self.names[k]].derivative(self.point, y),)
            ]
            for slope, row in zip(slopes, self.weights @ torch.stack(derivatives), strict=True):
                total.addcmul_(slope, row)
            if gradients is not None:
                found = torch.stack(list(slopes)) @ torch.stack(self.values).T
                for i, edge in enumerate(self.edges):
                    gradients.weights[edge, self.shared] += found[i]
        for i, k in self.own:
            edge, slope = self.edges[i], slopes[i]
            value, by_x, by_gamma = self._of_gamma(i, k)
            weight = self.mixture.weights[edge, k]
            total += weight * (slope * by_x)
            if gradients is not None:
                gradients.weights[edge, k] += (slope * value).sum()
                gradients.gammas[edge, k] += weight * (slope * by_gamma).sum()
        return total

    def _clipped(self, k: int) -> bool:
        return self.mixture.bounded and self.names[k] not in SATURATING

    def _of_gamma(self, i: int, k: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return a gamma operation's value and its derivatives by x and by gamma, each (n,)."""
        gamma, x = self.mixture.gammas[self.edges[i], k], self.x
        ones = torch.ones_like(x)
        match self.names[k]:
            case "shift":
                y, by_x, by_gamma = x + gamma, ones, ones
            case "scale":
                y, by_x, by_gamma = x * gamma, ones * gamma, x
            case _:
                y, by_x, by_gamma = ones * gamma, torch.zeros_like(x), ones
        if not self.mixture.bounded:
            return y, by_x, by_gamma
        return bounded(y), within(by_x, y), within(by_gamma, y)
