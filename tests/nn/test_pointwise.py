"""Values and derivatives against the plain operations and operators, and against finite differences."""

from __future__ import annotations

import pytest
import torch

from nasbench_sparse.core.operations import GAMMA_OPERATIONS, OPERATORS, UNARY
from nasbench_sparse.nn.operations import unary
from nasbench_sparse.nn.operators import FUNCTIONS
from nasbench_sparse.nn.pointwise import FORMULAS, SATURATING, Point


def _plain(name: str, x: torch.Tensor) -> torch.Tensor:
    return FUNCTIONS[name](x) if name in FUNCTIONS else unary(name, x, bounded=False)


def test_every_operation_without_gamma_and_every_operator_has_a_formula() -> None:
    assert set(FORMULAS) == (set(UNARY) - GAMMA_OPERATIONS) | set(OPERATORS)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_value_and_derivative_are_those_of_the_plain_function(name: str, dtype: torch.dtype) -> None:
    points = torch.tensor([0.0, 1e-4, -1e-4, 6.0, -30.0, 22.0], dtype=dtype)
    x = torch.cat([torch.linspace(-8, 8, 1201, dtype=dtype), points]).requires_grad_()
    y = _plain(name, x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    point = Point(x.detach())
    value = FORMULAS[name].value(point)
    close = 1e-9 if dtype == torch.float64 else 3e-6
    torch.testing.assert_close(value, y.detach(), rtol=close, atol=close)
    torch.testing.assert_close(FORMULAS[name].derivative(point, value), slope, rtol=close, atol=close)


@pytest.mark.parametrize("name", FORMULAS)
def test_derivative_is_the_slope_of_the_value(name: str) -> None:
    x = torch.linspace(-5.05, 5.05, 48, dtype=torch.float64)
    step = 1e-6
    value = FORMULAS[name].value
    slope = (value(Point(x + step)) - value(Point(x - step))) / (2 * step)
    point = Point(x)
    torch.testing.assert_close(FORMULAS[name].derivative(point, value(point)), slope, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", sorted(SATURATING))
def test_saturating_functions_stay_within_ten(name: str) -> None:
    assert FORMULAS[name].value(Point(torch.linspace(-1e4, 1e4, 40001))).abs().max().item() <= 10
