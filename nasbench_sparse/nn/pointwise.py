"""Elementwise functions with their derivatives, which a supernet evaluates many of on the same numbers.

Values agree with `nasbench_sparse.nn.operations` and `nasbench_sparse.nn.operators` to the last few bits; what
several functions need (a sigmoid, the normal density) is computed once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from nasbench_sparse.nn.operators import SYMEXP_LIMIT

SMALLEST_ROOT = 1e-3
"""`sqrt` takes max(x, 1e-3)."""


_KERNELS = torch.ops.aten


class Point:
    """A tensor of inputs, with what several functions share."""

    def __init__(self, x: Tensor) -> None:
        self.x = x

    @cached_property
    def square(self) -> Tensor:
        """x^2."""
        return torch.square(self.x)

    @cached_property
    def magnitude(self) -> Tensor:
        """|x|."""
        return self.x.abs()

    @cached_property
    def sigmoid(self) -> Tensor:
        """sigmoid(x)."""
        return torch.sigmoid(self.x)

    @cached_property
    def tanh(self) -> Tensor:
        """tanh(x) as 2 sigmoid(2 x) - 1: a fifth of the time, exact at 0, to 1e-7 elsewhere."""
        return torch.sigmoid(2.0 * self.x).mul_(2.0).sub_(1.0)

    @cached_property
    def softplus(self) -> Tensor:
        """log(1 + exp(x))."""
        return F.softplus(self.x)

    @cached_property
    def bell(self) -> Tensor:
        """exp(-x^2 / 2)."""
        return (-0.5 * self.square).exp_()

    @cached_property
    def below(self) -> Tensor:
        """exp(x) - 1 for x <= 0, else 0."""
        return self.x.clamp(max=0.0).expm1_()

    @cached_property
    def root(self) -> Tensor:
        """sqrt(1 + x^2)."""
        return (1.0 + self.square).sqrt_()

    @cached_property
    def one(self) -> Tensor:
        """1, of x's shape."""
        return torch.ones_like(self.x)

    @cached_property
    def positive(self) -> Tensor:
        """1 for x > 0, else 0."""
        return _KERNELS.threshold_backward(self.one, self.x, 0.0)  # type: ignore[no-any-return]


class Formula(NamedTuple):
    """A function of a point, and its derivative given the point and the function's value."""

    value: Callable[[Point], Tensor]
    derivative: Callable[[Point, Tensor], Tensor]


def _arcsinh(p: Point) -> Tensor:
    a = p.magnitude  # ln(a + sqrt(1 + a^2)), without cancellation near 0
    return torch.copysign((a / (1.0 + p.root)).mul_(a).add_(a).log1p_(), p.x)


def _silu_slope(p: Point, y: Tensor) -> Tensor:
    return _KERNELS.silu_backward(p.one, p.x)  # type: ignore[no-any-return]


def _acon_slope(p: Point, y: Tensor) -> Tensor:
    return 2.0 * _silu_slope(Point(2.0 * p.x), y) - 0.8


def _srs_parts(p: Point) -> tuple[Tensor, Tensor]:
    """Return d = exp(-|x| / 3) and the denominator, expanded by exp(x / 3) for x < 0."""
    decay = (p.magnitude / -3.0).exp_()
    above, below = p.x / 5.0 + decay, (p.x * decay).div_(5.0).add_(1.0)
    return decay, torch.where(p.x > 0, above, below)


def _srs(p: Point) -> Tensor:
    decay, denominator = _srs_parts(p)
    return torch.where(p.x > 0, p.x, p.x * decay) / denominator


def _srs_slope(p: Point, y: Tensor) -> Tensor:
    """exp(-x/3) (1 + x/3) / (x/5 + exp(-x/3))^2, both sides of the fraction expanded by exp(2 x/3) for x < 0."""
    decay, denominator = _srs_parts(p)
    return decay * (1.0 + p.x / 3.0) / torch.square(denominator)


def _symexp_slope(p: Point, y: Tensor) -> Tensor:
    slope = y.abs() + 1.0
    return slope.masked_fill_(p.magnitude > SYMEXP_LIMIT, 0.0)


FORMULAS: dict[str, Formula] = {
    "identity": Formula(lambda p: p.x, lambda p, y: p.one),
    "negate": Formula(lambda p: -p.x, lambda p, y: -p.one),
    "abs": Formula(lambda p: p.magnitude, lambda p, y: torch.sign(p.x)),
    "square": Formula(lambda p: p.square, lambda p, y: 2.0 * p.x),
    "cube": Formula(lambda p: p.square * p.x, lambda p, y: 3.0 * p.square),
    "sqrt": Formula(
        lambda p: p.x.clamp(min=SMALLEST_ROOT).sqrt_(),
        lambda p, y: _KERNELS.threshold_backward(0.5 / y, p.x, SMALLEST_ROOT),
    ),
    "exp": Formula(lambda p: torch.exp(p.x), lambda p, y: y),
    "sinh": Formula(lambda p: torch.sinh(p.x), lambda p, y: torch.square(y).add_(1.0).sqrt_()),
    "tanh": Formula(lambda p: p.tanh, lambda p, y: _KERNELS.tanh_backward(p.one, y)),
    "arcsinh": Formula(_arcsinh, lambda p, y: p.root.reciprocal()),
    "arctan": Formula(lambda p: torch.atan(p.x), lambda p, y: (1.0 + p.square).reciprocal_()),
    "relu": Formula(lambda p: torch.relu(p.x), lambda p, y: p.positive),
    "negative_part": Formula(lambda p: p.x.clamp(max=0.0), lambda p, y: 1.0 - p.positive),
    "sigmoid": Formula(lambda p: p.sigmoid, lambda p, y: _KERNELS.sigmoid_backward(p.one, y)),
    "softplus": Formula(lambda p: p.softplus, lambda p, y: p.sigmoid),
    "erf": Formula(lambda p: torch.erf(p.x), lambda p, y: torch.square(p.bell).mul_(2.0 / math.sqrt(math.pi))),
    "silu": Formula(lambda p: p.x * p.sigmoid, _silu_slope),
    "gelu": Formula(lambda p: F.gelu(p.x), lambda p, y: _KERNELS.gelu_backward(p.one, p.x)),
    "elu": Formula(lambda p: torch.relu(p.x) + p.below, lambda p, y: 1.0 + p.below),
    "leaky_relu": Formula(
        lambda p: F.leaky_relu(p.x, 0.01), lambda p, y: _KERNELS.leaky_relu_backward(p.one, p.x, 0.01, False)
    ),
    "relu6": Formula(lambda p: F.relu6(p.x), lambda p, y: _KERNELS.hardtanh_backward(p.one, p.x, 0.0, 6.0)),
    "acon": Formula(lambda p: F.silu(2.0 * p.x).sub_(p.x, alpha=0.8), _acon_slope),
    "tanhsoft1": Formula(
        lambda p: torch.tanh(0.87 * p.x) * p.softplus,
        lambda p, y: (
            0.87 * (1.0 - torch.square(torch.tanh(0.87 * p.x))) * p.softplus + torch.tanh(0.87 * p.x) * p.sigmoid
        ),
    ),
    "srs": Formula(_srs, _srs_slope),
    "symlog": Formula(
        lambda p: torch.copysign(torch.log1p(p.magnitude), p.x), lambda p, y: (1.0 + p.magnitude).reciprocal_()
    ),
    "symexp": Formula(lambda p: torch.copysign(p.magnitude.clamp(max=SYMEXP_LIMIT).expm1_(), p.x), _symexp_slope),
    "swish": Formula(lambda p: p.x * p.sigmoid, _silu_slope),
    "hardswish": Formula(lambda p: F.hardswish(p.x), lambda p, y: _KERNELS.hardswish_backward(p.one, p.x)),
}
"""All operations of the cell without gamma, and all operators without parameters."""

SATURATING = frozenset({"tanh", "arctan", "sigmoid", "erf", "relu6", "srs"})
"""Those that never exceed magnitude 10."""
