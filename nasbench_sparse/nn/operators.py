"""Activation operators `y = alpha * f(beta * x)`: the 13 of SAFS and the baselines.

Every operator is finite, in value and gradient, for all inputs of magnitude up to 1e4 in float32 and bfloat16,
and has the right derivative at 0, where masked networks put many inputs.

References:
    SAFS (Loni et al., 2023), table 4; Jin et al. (2016) for SReLU; SAFS, figure 4a, for FALU.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasbench_sparse.core import blueprint
from nasbench_sparse.errors import NbsError, unknown
from nasbench_sparse.nn.cell import ActivationCell
from nasbench_sparse.nn.published import PUBLISHED

SYMEXP_LIMIT = 20.0
"""|x| beyond which `symexp` is constant."""


def acon(x: Tensor) -> Tensor:
    """ACON-C, (p1 - p2) x sigmoid(b (p1 - p2) x) + p2 x, with p1 = 1.2, p2 = -0.8, b = 1."""
    difference = 2.0 * x
    return difference * torch.sigmoid(difference) - 0.8 * x


def tanhsoft1(x: Tensor) -> Tensor:
    """TanhSoft-1, tanh(a x) softplus(x), with a = 0.87."""
    return torch.tanh(0.87 * x) * F.softplus(x)


def srs(x: Tensor) -> Tensor:
    """Soft-root-sign, x / (x/a + exp(-x/b)), with a = 5, b = 3.

    For x < 0 the fraction is expanded by exp(x/b), so that no exponential exceeds 1.
    """
    positive = x > 0
    decay = torch.exp(x.abs() / -3.0)
    decayed = x * decay
    return torch.where(positive, x, decayed) / torch.where(positive, x / 5.0 + decay, decayed / 5.0 + 1.0)


def symlog(x: Tensor) -> Tensor:
    """sign(x) ln(|x| + 1), with derivative 1 at 0."""
    sign = _sign(x)
    return sign * torch.log1p(sign * x)


def symexp(x: Tensor) -> Tensor:
    """sign(x) (exp(|x|) - 1) with |x| clamped to 20, and derivative 1 at 0."""
    sign = _sign(x)
    return sign * torch.expm1((sign * x).clamp(max=SYMEXP_LIMIT))


def leaky_relu(x: Tensor) -> Tensor:
    """max(x, 0.01 x)."""
    return F.leaky_relu(x, 0.01)


def identity(x: Tensor) -> Tensor:
    """x."""
    return x


def _sign(x: Tensor) -> Tensor:
    """Sign of x, 1 at 0: |x| = sign x then has a derivative there too."""
    return torch.where(x < 0, -1.0, 1.0).to(x.dtype)


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu6": F.relu6,
    "acon": acon,
    "tanhsoft1": tanhsoft1,
    "srs": srs,
    "symlog": symlog,
    "symexp": symexp,
    "swish": F.silu,
    "tanh": torch.tanh,
    "hardswish": F.hardswish,
    "elu": F.elu,
    "gelu": F.gelu,
    "softplus": F.softplus,
    "sigmoid": torch.sigmoid,
    "relu": F.relu,
    "leaky_relu": leaky_relu,
    "identity": identity,
}
"""The operators without parameters, elementwise functions of a tensor of any shape."""


class Pointwise(nn.Module):
    """An operator without parameters."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.function = FUNCTIONS[name]

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)

    def extra_repr(self) -> str:
        return self.name


class SReLU(nn.Module):
    """S-shaped ReLU with four learnable parameters for each unit or channel (dimension 1 of the input).

    t_r + a_r (x - t_r) for x >= t_r, x between, t_l + a_l (x - t_l) for x <= t_l. It starts at t_l = 0,
    a_l ~ U(0, 1), t_r = t_l + |offset| with offset ~ U(0, 5), and a_r = 1.

    Args:
        units: size of dimension 1 of the input, (batch, units, ...).
        generator: source of a_l and the offset.
    """

    def __init__(self, units: int, generator: torch.Generator) -> None:
        super().__init__()
        self.left_threshold = nn.Parameter(torch.zeros(units))
        self.left_slope = nn.Parameter(torch.rand(units, generator=generator))
        self.right_offset = nn.Parameter(5.0 * torch.rand(units, generator=generator))
        self.right_slope = nn.Parameter(torch.ones(units))

    def forward(self, x: Tensor) -> Tensor:
        shape = (-1,) + (1,) * (x.dim() - 2)
        left = self.left_threshold.view(shape)
        right = left + self.right_offset.abs().view(shape)
        above = right + self.right_slope.view(shape) * (x - right)
        below = left + self.left_slope.view(shape) * (x - left)
        return torch.where(x >= right, above, torch.where(x <= left, below, x))


class FALU(nn.Module):
    """Fractional adaptive linear unit with learnable order a and scale b, both starting at 1.

    With t = b x, s = t sigmoid(t), D(a) = s + a sigmoid(t) (1 - s): D(a) for a < 1, else
    D(1) + (a - 1) sigmoid(t) (1 - 2 D(1)).
    """

    def __init__(self) -> None:
        super().__init__()
        self.order = nn.Parameter(torch.ones(()))
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        t = self.scale * x
        gate = torch.sigmoid(t)
        swish = t * gate
        slope = gate * (1.0 - swish)
        first = swish + slope
        beyond = first + (self.order - 1.0) * gate * (1.0 - 2.0 * first)
        return torch.where(self.order < 1.0, swish + self.order * slope, beyond)


class Scaled(nn.Module):
    """alpha f(beta x) with learnable alpha and beta, both starting at 1."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.alpha = nn.Parameter(torch.ones(()))
        self.beta = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.alpha * self.inner(self.beta * x)
        return y


def build_operator(operator: blueprint.Operator, units: int, generator: torch.Generator | None) -> nn.Module:
    """Build an operator for one site.

    Raises:
        UnknownName: no operator has this name; the nearest names are given.
        NbsError: srelu without a generator to draw its parameters from.
    """
    inner = _build_unscaled(operator.name, units, generator)
    return Scaled(inner) if operator.learn_scales else inner


def _build_unscaled(name: str, units: int, generator: torch.Generator | None) -> nn.Module:
    if name == "prelu":
        return nn.PReLU(1, init=0.25)
    if name == "falu":
        return FALU()
    if name == "srelu":
        if generator is None:
            raise NbsError("activation 'srelu' draws its parameters at random: give a generator")
        return SReLU(units, generator)
    if name in PUBLISHED:
        return ActivationCell(PUBLISHED[name])
    if name not in FUNCTIONS:
        raise unknown("activation operator", name, [*FUNCTIONS, "prelu", "falu", "srelu", *PUBLISHED])
    return Pointwise(name)
