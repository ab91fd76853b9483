"""The 23 unary and 9 binary operations of the GRAFS cell, plain and bounded to magnitude 10.

References:
    GRAFS (Strack et al., 2024), figure 1 and section 3.3 ("Constraining unbounded operations").
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

BOUND = 10.0
"""Magnitude that no bounded operation's output exceeds."""

MINUS_INFINITY, INFINITY = -math.inf, math.inf

_PLAIN_UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda x: x,
    "negate": torch.neg,
    "abs": torch.abs,
    "square": torch.square,
    "cube": lambda x: x * x * x,
    "sqrt": lambda x: torch.sqrt(x.clamp(min=1e-3)),
    "exp": torch.exp,
    "sinh": torch.sinh,
    "tanh": torch.tanh,
    "arcsinh": torch.asinh,
    "arctan": torch.atan,
    "relu": F.relu,
    "negative_part": lambda x: x.clamp(max=0.0),
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
    "erf": torch.erf,
    "silu": F.silu,
    "gelu": F.gelu,
    "elu": F.elu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.01),
}

_GAMMA_UNARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "shift": lambda x, gamma: x + gamma,
    "scale": lambda x, gamma: gamma * x,
    "constant": lambda x, gamma: gamma + 0.0 * x,  # of x's shape, and every weight before it gets a gradient
}

_INPUT_BOUNDS: dict[str, tuple[float, float]] = {
    "identity": (-BOUND, BOUND),
    "negate": (-BOUND, BOUND),
    "abs": (-BOUND, BOUND),
    "square": (-math.sqrt(BOUND), math.sqrt(BOUND)),
    "cube": (-(BOUND ** (1 / 3)), BOUND ** (1 / 3)),
    "sqrt": (MINUS_INFINITY, BOUND**2),
    "exp": (MINUS_INFINITY, math.log(BOUND)),
    "sinh": (-math.asinh(BOUND), math.asinh(BOUND)),
    "arcsinh": (-math.sinh(BOUND), math.sinh(BOUND)),
    "relu": (MINUS_INFINITY, BOUND),
    "negative_part": (-BOUND, INFINITY),
    "softplus": (MINUS_INFINITY, math.log(math.expm1(BOUND))),
    "silu": (MINUS_INFINITY, 10.000453787034316),  # the root of x sigmoid(x) = 10
    "gelu": (MINUS_INFINITY, BOUND),
    "elu": (MINUS_INFINITY, BOUND),
    "leaky_relu": (-100 * BOUND, BOUND),
}
"""Where |f(x)| reaches 10. Clamping the input there bounds the output and keeps its gradient finite."""

_BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "gate": lambda left, right: torch.sigmoid(left) * right,
    "left": lambda left, right: left,
    "right": lambda left, right: right,
}

GROWING_BINARY = frozenset({"add", "subtract", "multiply"})
"""Operations whose output can exceed the bound that their operands keep."""


def unary(name: str, x: Tensor, gamma: Tensor | None = None, *, bounded: bool = True) -> Tensor:
    """Evaluate a unary operation elementwise; `gamma` (shape ()) only where the operation has one."""
    if gamma is not None:
        y = _GAMMA_UNARY[name](x, gamma)
        return F.hardtanh(y, -BOUND, BOUND) if bounded else y
    if bounded and name in _INPUT_BOUNDS:
        x = F.hardtanh(
            x, *_INPUT_BOUNDS[name]
        )  # clamp, whose gradient takes three passes over the data instead of one
    return _PLAIN_UNARY[name](x)


def binary(name: str, left: Tensor, right: Tensor, gamma: Tensor | None = None, *, bounded: bool = True) -> Tensor:
    """Evaluate a binary operation elementwise; if `bounded`, the operands must keep the bound already."""
    if gamma is not None:
        return torch.lerp(right, left, torch.sigmoid(gamma))
    y = _BINARY[name](left, right)
    return F.hardtanh(y, -BOUND, BOUND) if bounded and name in GROWING_BINARY else y
