"""A GRAFS cell's values at a few inputs: what it computes, in numbers, where names of operations say little."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from nasbench_sparse.core.operations import GAMMA_OPERATIONS

INPUTS = tuple(x / 2.0 for x in range(-6, 7))
"""-3 to 3, about where the inputs of a network's activations lie; their values are what a cell is compared by."""

BOUND, UNBOUNDED = 10.0, 1000.0
"""Magnitude that a bounded cell keeps; that of the others is limited so that nothing overflows."""

_STEEP = 7.0  # exp and sinh exceed both bounds before it

_UNARY: dict[str, Callable[[float], float]] = {
    "identity": lambda x: x,
    "negate": lambda x: -x,
    "abs": abs,
    "square": lambda x: x * x,
    "cube": lambda x: x * x * x,
    "sqrt": lambda x: math.sqrt(max(x, 1e-3)),
    "exp": lambda x: math.exp(min(x, _STEEP)),
    "sinh": lambda x: math.sinh(min(max(x, -_STEEP - 1.0), _STEEP + 1.0)),
    "tanh": math.tanh,
    "arcsinh": math.asinh,
    "arctan": math.atan,
    "relu": lambda x: max(x, 0.0),
    "negative_part": lambda x: min(x, 0.0),
    "sigmoid": lambda x: _sigmoid(x),
    "softplus": lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
    "erf": math.erf,
    "silu": lambda x: x * _sigmoid(x),
    "gelu": lambda x: x * 0.5 * (1.0 + math.erf(x / math.sqrt(2.0))),
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
}

_BINARY: dict[str, Callable[[float, float], float]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "maximum": max,
    "minimum": min,
    "gate": lambda a, b: _sigmoid(a) * b,
    "left": lambda a, b: a,
    "right": lambda a, b: b,
}


def cell_values(
    operations: Mapping[str, str], gammas: Mapping[str, float], bounded: bool, inputs: Sequence[float] = INPUTS
) -> tuple[float, ...]:
    """Return the cell's value at each input, to four decimals, so that machines agree on them.

    Args:
        operations: by choice: u1 to u4, b1 and b2.
        gammas: learnt constants by choice; others are at their start: 1, and 0 for mix.
    """
    limit = BOUND if bounded else UNBOUNDED

    def unary(edge: str, x: float) -> float:
        name, gamma = operations[edge], gammas.get(edge, 1.0)
        if name in GAMMA_OPERATIONS:
            y = {"shift": x + gamma, "scale": x * gamma, "constant": gamma}[name]
        else:
            y = _UNARY[name](x)
        return min(max(y, -limit), limit)

    def binary(edge: str, a: float, b: float) -> float:
        if operations[edge] == "mix":
            share = _sigmoid(gammas.get(edge, 0.0))
            return share * a + (1.0 - share) * b
        return min(max(_BINARY[operations[edge]](a, b), -limit), limit)

    def value(x: float) -> float:
        inner = binary("b1", unary("u1", x), unary("u2", x))
        return binary("b2", unary("u3", inner), unary("u4", x))

    return tuple(round(value(x), 4) for x in inputs)


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))
