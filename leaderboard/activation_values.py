"""Values of activations in numpy, so that a report draws them without loading torch.

Constants that are trained with the weights are at their start.

References:
    SAFS (Loni et al., 2023), table 4; GRAFS (Strack et al., 2024), figure 1 and section 3.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nasbench_sparse.core.activation import Activation, Cell
from nasbench_sparse.core.operations import CELL_EDGES, GAMMA_OPERATIONS
from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.nn.published import PUBLISHED

BOUND = 10.0
STEP = 1e-6
"""Half the width of the central differences that derivatives are."""

Function = Callable[[Floats], Floats]


def curve(
    activation: Activation, points: int, low: float = -5.0, high: float = 5.0
) -> tuple[Floats, Floats, Floats]:
    """Return x, y and dy/dx, each (points,); at a kink the derivative is the mean of both sides.

    Raises:
        NbsError: an operator that has no curve here, such as srelu, which starts at random.
    """
    x = np.linspace(low, high, points)
    with np.errstate(over="ignore", invalid="ignore"):
        slope = (_value(activation, x + STEP) - _value(activation, x - STEP)) / (2.0 * STEP)
        return x, _value(activation, x), slope


def _value(activation: Activation, x: Floats) -> Floats:
    if isinstance(activation, Cell):
        return _cell(activation, x)
    if activation.name in PUBLISHED:
        return _cell(PUBLISHED[activation.name], x)
    if activation.name not in _OPERATORS:
        raise NbsError(f"the report has no curve of activation {activation.name!r}")
    return _OPERATORS[activation.name](x)


def _cell(cell: Cell, x: Floats) -> Floats:
    """Return b2(u3(b1(u1(x), u2(x))), u4(x)); what a bounded operation gives is cut at the bound."""
    operation = dict(zip(CELL_EDGES, (*cell.unary, *cell.binary), strict=True))
    gammas, limit = dict(cell.gammas), BOUND if cell.bounded else np.inf

    def unary(edge: str, z: Floats) -> Floats:
        name, gamma = operation[edge], gammas.get(edge, 1.0)
        if name in GAMMA_OPERATIONS:
            y = {"shift": z + gamma, "scale": gamma * z, "constant": np.full_like(z, gamma)}[name]
        else:
            y = _UNARY[name](z)
        return np.clip(y, -limit, limit)

    def binary(edge: str, left: Floats, right: Floats) -> Floats:
        match operation[edge]:
            case "left":
                return left
            case "right":
                return right
            case "mix":
                share = 1.0 / (1.0 + math.exp(-gammas.get(edge, 0.0)))
                return share * left + (1.0 - share) * right
            case name:
                return np.clip(_BINARY[name](left, right), -limit, limit)

    return binary("b2", unary("u3", binary("b1", unary("u1", x), unary("u2", x))), unary("u4", x))


def _sigmoid(x: Floats) -> Floats:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def _swish(x: Floats) -> Floats:
    return x * _sigmoid(x)


def _symmetric(function: Function) -> Function:
    """Return sign(x) f(|x|)."""
    return lambda x: np.sign(x) * function(np.abs(x))


_erf: Function = np.vectorize(math.erf, otypes=[float])

_UNARY: dict[str, Function] = {
    "identity": lambda x: x,
    "negate": np.negative,
    "abs": np.abs,
    "square": np.square,
    "cube": lambda x: x**3,
    "sqrt": lambda x: np.sqrt(np.maximum(x, 1e-3)),
    "exp": np.exp,
    "sinh": np.sinh,
    "tanh": np.tanh,
    "arcsinh": np.arcsinh,
    "arctan": np.arctan,
    "relu": lambda x: np.maximum(x, 0.0),
    "negative_part": lambda x: np.minimum(x, 0.0),
    "sigmoid": _sigmoid,
    "softplus": lambda x: np.logaddexp(0.0, x),
    "erf": _erf,
    "silu": _swish,
    "gelu": lambda x: 0.5 * x * (1.0 + _erf(x / math.sqrt(2.0))),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0.0))),
    "leaky_relu": lambda x: np.maximum(x, 0.01 * x),
}

_BINARY: dict[str, Callable[[Floats, Floats], Floats]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "gate": lambda left, right: _sigmoid(left) * right,
}

_OPERATORS: dict[str, Function] = {
    **{
        name: _UNARY[name]
        for name in ("tanh", "elu", "gelu", "softplus", "sigmoid", "relu", "leaky_relu", "identity")
    },
    "relu6": lambda x: np.clip(x, 0.0, 6.0),
    "acon": lambda x: 2.0 * x * _sigmoid(2.0 * x) - 0.8 * x,
    "tanhsoft1": lambda x: np.tanh(0.87 * x) * np.logaddexp(0.0, x),
    "srs": lambda x: x / (x / 5.0 + np.exp(-x / 3.0)),
    "symlog": _symmetric(np.log1p),
    "symexp": _symmetric(np.expm1),
    "swish": _swish,
    "hardswish": lambda x: x * np.clip(x + 3.0, 0.0, 6.0) / 6.0,
    "prelu": lambda x: np.maximum(x, 0.25 * x),
    "falu": lambda x: _swish(x) + _sigmoid(x) * (1.0 - _swish(x)),
}
