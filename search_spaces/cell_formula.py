"""Activation cells written as formulas."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from nasbench_sparse.core.blueprint import Cell
from nasbench_sparse.core.operations import CELL_EDGES, GAMMA_OPERATIONS

SUM, PRODUCT, POWER, ATOM = range(4)
"""How tightly an expression binds."""

_FUNCTIONS = {
    "exp": "exp",
    "sinh": "sinh",
    "tanh": "tanh",
    "arcsinh": "arcsinh",
    "arctan": "arctan",
    "abs": "abs",
    "sqrt": "sqrt",
    "sigmoid": "sigmoid",
    "softplus": "softplus",
    "erf": "erf",
    "silu": "SiLU",
    "gelu": "GELU",
    "elu": "ELU",
    "leaky_relu": "LeakyReLU",
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula's text and how tightly its outermost operator binds."""

    text: str
    binds: int = ATOM

    def within(self, binds: int) -> str:
        """Return the text as an operand of an operator, in parentheses where it binds less tightly."""
        return self.text if self.binds >= binds else f"({self.text})"


X = Expression("x")


def unary(name: str, z: Expression, gamma: Expression) -> Expression:
    """Write a unary operation of `z`; `gamma` is used where the operation has one."""
    match name:
        case "identity":
            return z
        case "negate":
            return Expression(f"-{z.within(POWER)}", SUM)
        case "square":
            return Expression(f"{z.within(ATOM)}^2", POWER)
        case "cube":
            return Expression(f"{z.within(ATOM)}^3", POWER)
        case "shift":
            return binary("add", z, gamma, gamma)
        case "scale":
            return binary("multiply", gamma, z, gamma)
        case "constant":
            return gamma
        case "relu":
            return Expression(f"max(0, {z.text})")
        case "negative_part":
            return Expression(f"min(0, {z.text})")
        case _:
            return Expression(f"{_FUNCTIONS[name]}({z.text})")


def binary(name: str, left: Expression, right: Expression, gamma: Expression) -> Expression:
    """Write a binary operation; `gamma` is used by "mix" alone, and its sigmoid worked out where it is a number."""
    match name:
        case "left":
            return left
        case "right":
            return right
        case "add":
            return Expression(f"{left.within(SUM)} + {right.within(PRODUCT)}", SUM)
        case "subtract":
            return Expression(f"{left.within(SUM)} - {right.within(PRODUCT)}", SUM)
        case "multiply":
            return Expression(f"{left.within(PRODUCT)}*{right.within(POWER)}", PRODUCT)
        case "gate":
            return binary("multiply", Expression(f"sigmoid({left.text})"), right, gamma)
        case "mix":
            weight, rest = _shares(gamma.text)
            first = f"{weight}*{left.within(POWER)}"
            return Expression(f"{first} + {rest}*{right.within(POWER)}", SUM)
        case _:
            return Expression(f"{name[:3]}({left.text}, {right.text})")


def formula(cell: Cell) -> str:
    """Write a cell as a formula, such as `0.4756*max(0, x) + 0.5244*GELU(x)`; the bound is left out.

    Frozen gammas are printed with four digits, others as γ1, γ2, ... in the order u1, u2, b1, u3, u4, b2.
    """
    operations = dict(zip(CELL_EDGES, (*cell.unary, *cell.binary), strict=True))
    frozen, free = dict(cell.gammas), itertools.count(1)
    gammas: dict[str, Expression] = {}
    for edge in ("u1", "u2", "b1", "u3", "u4", "b2"):
        if edge in frozen and operations[edge] == "mix":
            gammas[edge] = Expression(repr(frozen[edge]))
        elif edge in frozen:
            gammas[edge] = Expression(f"{frozen[edge]:.4g}" if frozen[edge] >= 0 else f"({frozen[edge]:.4g})")
        elif operations[edge] in GAMMA_OPERATIONS:
            gammas[edge] = Expression(f"\N{GREEK SMALL LETTER GAMMA}{next(free)}")

    def of(edge: str, z: Expression) -> Expression:
        return unary(operations[edge], z, gammas.get(edge, z))

    def joined(vertex: str, left: Expression, right: Expression) -> Expression:
        return binary(operations[vertex], left, right, gammas.get(vertex, left))

    return joined("b2", of("u3", joined("b1", of("u1", X), of("u2", X))), of("u4", X)).text


def _shares(gamma: str) -> tuple[str, str]:
    """Return sigmoid(gamma) and its complement, as numbers where gamma is one."""
    try:
        share = 1.0 / (1.0 + math.exp(-float(gamma)))
    except ValueError:
        return f"sigmoid({gamma})", f"(1 - sigmoid({gamma}))"
    return f"{share:.4g}", f"{1.0 - share:.4g}"
