"""Activation cells written as formulas."""

from __future__ import annotations

from dataclasses import dataclass

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
    """Write a binary operation; `gamma` is used by "mix" alone."""
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
            weight = f"sigmoid({gamma.text})"
            first = f"{weight}*{left.within(POWER)}"
            return Expression(f"{first} + (1 - {weight})*{right.within(POWER)}", SUM)
        case _:
            return Expression(f"{name[:3]}({left.text}, {right.text})")
