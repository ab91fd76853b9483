"""Operators of several elementary functions with their derivatives written out: half the passes over the data.

They are the functions of `nasbench_sparse.nn.operators` of the same names, equal up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nasbench_sparse.nn.operators import SYMEXP_LIMIT

Rule = Callable[[Tensor], tuple[Tensor, Tensor]]


def _acon(x: Tensor) -> tuple[Tensor, Tensor]:
    double = 2.0 * x
    gate = torch.sigmoid(double)
    y = torch.addcmul(-0.8 * x, double, gate)
    slope = (1.0 - gate).mul_(double).add_(1.0).mul_(gate).mul_(2.0).sub_(0.8)
    return y, slope


def _tanhsoft1(x: Tensor) -> tuple[Tensor, Tensor]:
    bend, soft = torch.tanh(0.87 * x), F.softplus(x)
    slope = torch.addcmul(soft, soft, bend.square(), value=-1.0).mul_(0.87).addcmul_(bend, torch.sigmoid(x))
    return soft.mul_(bend), slope


def _srs(x: Tensor) -> tuple[Tensor, Tensor]:
    """With q = exp(-|x| / 3) the smaller exponential: f = x / (x/5 + 1/q) below zero, so both are scaled by q."""
    size = x.abs()
    decay = torch.exp(size / -3.0)
    positive = x > 0.0
    factor = torch.where(positive, 1.0, decay)  # what the fraction is expanded by
    rest = torch.where(positive, decay, 1.0)  # exp(-x / 3), expanded
    denominator = torch.addcmul(rest, x, factor, value=0.2)
    y = (x * factor).div_(denominator)
    slope = (1.0 + x / 3.0).mul_(rest).mul_(factor).div_(denominator).div_(denominator)
    return y, slope


def _symlog(x: Tensor) -> tuple[Tensor, Tensor]:
    size = x.abs()
    return torch.log1p(size).copysign_(x), size.add_(1.0).reciprocal_()


def _symexp(x: Tensor) -> tuple[Tensor, Tensor]:
    size = x.abs()
    y = torch.expm1(size.clamp(max=SYMEXP_LIMIT))
    slope = (y + 1.0).mul_(size <= SYMEXP_LIMIT)
    return y.copysign_(x), slope


class _Composite(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, rule: Rule) -> Tensor:
        y, slope = rule(x)
        ctx.save_for_backward(slope)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (slope,) = ctx.saved_tensors
        return gradients[0] * slope, None


def _function(rule: Rule) -> Callable[[Tensor], Tensor]:
    def function(x: Tensor) -> Tensor:
        y: Tensor = _Composite.apply(x, rule) if x.requires_grad else rule(x)[0]  # type: ignore[no-untyped-call]
        return y

    return function


COMPOSITES: dict[str, Callable[[Tensor], Tensor]] = {
    "acon": _function(_acon),
    "tanhsoft1": _function(_tanhsoft1),
    "srs": _function(_srs),
    "symlog": _function(_symlog),
    "symexp": _function(_symexp),
}
