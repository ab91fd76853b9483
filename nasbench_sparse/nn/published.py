"""The 15 activations that GRAFS found, as cells that are evaluated as printed, and its five baselines.

References:
    GRAFS (Strack et al., 2024), equations 2 to 4 and tables 1, 4 and 6.
"""

from __future__ import annotations

import math

from nasbench_sparse.core.blueprint import Activation, Cell, Operator


def _logit(share: float) -> float:
    return math.log(share / (1.0 - share))


def _cell(u1: str, u2: str, b1: str, u3: str, b2: str, u4: str, /, **gammas: float) -> Cell:
    """Return an unbounded cell; the gamma of a "mix" is given as the share of its first operand."""
    operations = {"b1": b1, "b2": b2}
    frozen = tuple(
        (edge, _logit(value) if operations.get(edge) == "mix" else value) for edge, value in sorted(gammas.items())
    )
    return Cell((u1, u2, u3, u4), (b1, b2), frozen, bounded=False)


PUBLISHED: dict[str, Cell] = {
    "grafs-rn-1": _cell("leaky_relu", "identity", "left", "leaky_relu", "mix", "gelu", b2=0.4739),
    "grafs-rn-2": _cell("relu", "gelu", "mix", "leaky_relu", "mix", "gelu", b1=0.4945, b2=0.5163),
    "grafs-rn-3": _cell("relu", "gelu", "mix", "gelu", "mix", "gelu", b1=0.4873, b2=0.4865),
    "grafs-rn-4": _cell("relu", "identity", "left", "identity", "mix", "gelu", b2=0.4756),
    "grafs-rn-5": _cell("leaky_relu", "gelu", "mix", "leaky_relu", "mix", "gelu", b1=0.5267, b2=0.4591),
    "grafs-vit-1": _cell("silu", "gelu", "multiply", "gelu", "mix", "square", b2=0.6601),
    "grafs-vit-2": _cell("square", "gelu", "mix", "silu", "mix", "square", b1=0.2822, b2=0.7322),
    "grafs-vit-3": _cell("silu", "gelu", "multiply", "gelu", "mix", "square", b2=0.7319),
    "grafs-vit-4": _cell("silu", "gelu", "multiply", "gelu", "mix", "square", b2=0.6778),
    # 0.3139 x^2 + 0.5431 GELU(x): the shares add up to 0.857, which the third unary operation scales by
    "grafs-vit-5": _cell("square", "gelu", "mix", "scale", "left", "identity", b1=0.3139 / 0.857, u3=0.857),
    "grafs-gpt-1": _cell("leaky_relu", "gelu", "multiply", "identity", "mix", "relu", b2=0.4953),
    "grafs-gpt-2": _cell("gelu", "constant", "mix", "identity", "multiply", "relu", b1=0.4689, u2=1.0),
    "grafs-gpt-3": _cell("sinh", "constant", "mix", "identity", "multiply", "gelu", b1=0.4662, u2=1.0),
    "grafs-gpt-4": _cell("relu", "identity", "left", "square", "mix", "relu", b2=0.4781),
    "grafs-gpt-5": _cell("relu", "identity", "left", "square", "mix", "relu", b2=0.4828),
}
"""By the network they were found on: ResNet-20, ViT-tiny, miniGPT. All but grafs-gpt-3, whose sinh overflows beyond
|x| = 89 in float32, are finite for |x| up to 1e4; none is bounded."""

BASELINES: dict[str, Activation] = {
    "silu": Operator("swish"),
    "gelu": Operator("gelu"),
    "elu": Operator("elu"),
    "leaky_relu": Operator("leaky_relu"),
    "relu": Operator("relu"),
}
"""What GRAFS compares with."""
