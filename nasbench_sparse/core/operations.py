"""Names of the activation operators and operations, which spaces choose among and `nn` implements.

References:
    SAFS (Loni et al., 2023), table 4; GRAFS (Strack et al., 2024), figure 1.
"""

from __future__ import annotations

OPERATORS = (
    "relu6",
    "acon",
    "tanhsoft1",
    "srs",
    "symlog",
    "symexp",
    "swish",
    "tanh",
    "hardswish",
    "elu",
    "gelu",
    "softplus",
    "sigmoid",
)
"""The 13 unary operators of SAFS, in the order of its table 4."""

BASELINE_OPERATORS = ("relu", "leaky_relu", "prelu", "srelu", "falu", "identity")
"""Operators outside the 13, usable in any blueprint."""

UNARY = (
    "identity",  # x
    "negate",  # -x
    "abs",  # |x|
    "square",  # x^2
    "cube",  # x^3
    "sqrt",  # sqrt(max(x, 1e-3))
    "shift",  # x + gamma
    "scale",  # gamma x
    "constant",  # gamma
    "exp",
    "sinh",
    "tanh",
    "arcsinh",
    "arctan",
    "relu",  # max(0, x)
    "negative_part",  # min(0, x)
    "sigmoid",
    "softplus",  # log(1 + e^x)
    "erf",
    "silu",
    "gelu",
    "elu",
    "leaky_relu",  # slope 0.01
)
"""The 23 unary operations of the GRAFS cell, in order."""

BINARY = (
    "add",  # x1 + x2
    "subtract",  # x1 - x2
    "multiply",  # x1 x2
    "maximum",
    "minimum",
    "gate",  # sigmoid(x1) x2
    "mix",  # sigmoid(gamma) x1 + (1 - sigmoid(gamma)) x2
    "left",  # x1
    "right",  # x2
)
"""The 9 binary operations of the GRAFS cell, in order."""

CELL_EDGES = ("u1", "u2", "u3", "u4", "b1", "b2")
"""The cell's six choices: b2(u3(b1(u1(x), u2(x))), u4(x))."""

GAMMA_OPERATIONS = frozenset({"shift", "scale", "constant", "mix"})
"""Operations with a learnable constant gamma."""
