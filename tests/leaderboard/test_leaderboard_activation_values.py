"""Activations in numpy compute what the networks' modules compute."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench_sparse.core.activation import Activation, Cell, Operator
from nasbench_sparse.core.operations import BASELINE_OPERATORS, BINARY, OPERATORS, UNARY
from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard.activation_values import curve
from nasbench_sparse.nn import curves
from nasbench_sparse.nn.published import PUBLISHED

NAMED = [name for name in (*OPERATORS, *BASELINE_OPERATORS, *PUBLISHED) if name != "srelu"]
POINTS = 400
"""Even, so that 0, where many have a kink, is none of them."""


def equal(activation: Activation) -> None:
    """Compare with the module that a network is made of, whose derivative is automatic."""
    x, y, slope = curve(activation, POINTS)
    same_x, module, automatic = curves.curve(activation, points=POINTS)
    np.testing.assert_allclose(x, same_x, rtol=1e-12)
    # constants of a cell are float32 in a network, whose error a steep function multiplies
    np.testing.assert_allclose(y, module, rtol=1e-5, atol=1e-6)
    smooth = np.isclose(slope, automatic, rtol=1e-4, atol=1e-4)
    assert smooth.mean() > 0.99, activation  # one point may lie on a kink


@pytest.mark.parametrize("name", NAMED)
def test_operator_computes_what_its_module_computes(name: str) -> None:
    equal(Operator(name))


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("name", UNARY)
def test_unary_operation_computes_what_its_module_computes(name: str, bounded: bool) -> None:
    equal(Cell((name, "identity", "identity", "identity"), ("left", "left"), (("u1", 0.7),), bounded))


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("name", BINARY)
def test_binary_operation_computes_what_its_module_computes(name: str, bounded: bool) -> None:
    equal(Cell(("square", "tanh", "arctan", "cube"), (name, "add"), (("b1", 0.4),), bounded))
    equal(Cell(("square", "tanh", "arctan", "cube"), ("multiply", name), (), bounded))


def test_constant_that_is_trained_is_at_its_start() -> None:
    cell = Cell(("shift", "identity", "scale", "constant"), ("mix", "multiply"), (), False)
    x, y, slope = curve(cell, 3)
    np.testing.assert_allclose(y, x + 0.5)  # half of x + 1 and half of x, times 1, times 1
    np.testing.assert_allclose(slope, 1.0, rtol=1e-6)


def test_derivative_at_a_kink_is_the_mean_of_both_sides() -> None:
    _, _, slope = curve(Operator("relu"), 3)
    np.testing.assert_allclose(slope, (0.0, 0.5, 1.0), atol=1e-6)


def test_random_start_has_no_curve() -> None:
    with pytest.raises(NbsError, match="srelu"):
        curve(Operator("srelu"), 3)
