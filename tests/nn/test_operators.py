"""Operators against values worked with `math`, finite differences and extreme inputs."""

from __future__ import annotations

import math

import pytest
import torch

from nasbench_sparse.core.blueprint import Operator
from nasbench_sparse.core.operations import BASELINE_OPERATORS, OPERATORS
from nasbench_sparse.errors import NbsError, UnknownName
from nasbench_sparse.nn.activations import build
from nasbench_sparse.nn.operators import FALU, SReLU


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _softplus(x: float) -> float:
    return math.log(1 + math.exp(x))


DEFINITIONS = {
    "relu6": lambda x: min(max(x, 0.0), 6.0),
    "acon": lambda x: (1.2 + 0.8) * x * _sigmoid(1.0 * (1.2 + 0.8) * x) + -0.8 * x,
    "tanhsoft1": lambda x: math.tanh(0.87 * x) * _softplus(x),
    "srs": lambda x: x / (x / 5 + math.exp(-x / 3)),
    "symlog": lambda x: math.copysign(math.log(abs(x) + 1), x),
    "symexp": lambda x: math.copysign(math.exp(min(abs(x), 20)) - 1, x),
    "swish": lambda x: x * _sigmoid(x),
    "tanh": math.tanh,
    "hardswish": lambda x: x * min(max(x + 3, 0.0), 6.0) / 6,
    "elu": lambda x: x if x > 0 else math.exp(x) - 1,
    "gelu": lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))),
    "softplus": _softplus,
    "sigmoid": _sigmoid,
    "relu": lambda x: max(x, 0.0),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "prelu": lambda x: x if x > 0 else 0.25 * x,
    "identity": lambda x: x,
    # At order 1, FALU is D(1) = s + sigmoid (1 - s), with s = x sigmoid(x).
    "falu": lambda x: x * _sigmoid(x) + _sigmoid(x) * (1 - x * _sigmoid(x)),
}
ALL = (*OPERATORS, *BASELINE_OPERATORS)


def _build(name: str, units: int = 3) -> torch.nn.Module:
    return build(Operator(name), units, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", [n for n in ALL if n != "srelu"])
def test_operator_matches_its_definition(name: str) -> None:
    points = [-7.3, -2.0, -0.4, 0.0, 0.6, 3.1, 8.5]
    expected = torch.tensor([DEFINITIONS[name](x) for x in points], dtype=torch.float64)
    module = _build(name).double()
    torch.testing.assert_close(module(torch.tensor(points, dtype=torch.float64)), expected, rtol=1e-12, atol=1e-15)


def test_operator_matches_values_worked_by_hand() -> None:
    # tanh(.87)=.701374 ln(1+e)=1.313262; e^(-1/3)=.716531; e^2-1=6.389056; ln 3=1.098612; 2*sigma(2)=1.761594
    expected = {"tanhsoft1": (1, 0.921088), "srs": (1, 1.091071), "symexp": (-2, -6.389056)}
    expected |= {"symlog": (-2, -1.098612), "acon": (1, 0.961594), "gelu": (-1, -0.158655)}
    for name, (x, y) in expected.items():
        assert _build(name)(torch.tensor([float(x)])).item() == pytest.approx(y, abs=1.5e-6), name


@pytest.mark.parametrize("name", ALL)
def test_operator_gradient_matches_finite_differences(name: str) -> None:
    module = _build(name).double()
    x = torch.tensor([[-5.1, -1.3, -0.2], [0.3, 1.7, 4.9]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(module, (x,))
    parameters = tuple(module.parameters())
    if parameters and name != "falu":  # the order of FALU starts at a kink
        assert torch.autograd.gradcheck(lambda *_: module(x.detach()), parameters)


@pytest.mark.parametrize("name", ["srs", "symlog", "symexp", "tanh", "identity"])
def test_operator_of_unit_slope_has_derivative_one_at_zero(name: str) -> None:
    x = torch.zeros(1, requires_grad=True)
    _build(name)(x).sum().backward()
    assert x.grad is not None
    assert x.grad.item() == 1.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", ALL)
def test_operator_is_finite_for_large_inputs(name: str, dtype: torch.dtype) -> None:
    grid = torch.cat([torch.linspace(-1e4, 1e4, 4001), torch.linspace(-130, 130, 4001), torch.zeros(1)])
    x = grid.view(-1, 1).to(dtype).requires_grad_()
    y = _build(name, units=1).to(dtype)(x)
    y.sum().backward()
    assert x.grad is not None
    assert torch.isfinite(y).all()
    assert torch.isfinite(x.grad).all()


def test_symexp_is_constant_beyond_twenty() -> None:
    values = _build("symexp")(torch.tensor([20.0, 21.0, 1e4, -1e4]))
    torch.testing.assert_close(values, math.expm1(20) * torch.tensor([1.0, 1.0, 1.0, -1.0]))


@pytest.mark.parametrize("order", [0.4, 1.0, 1.7])
def test_falu_matches_its_two_branches(order: float) -> None:
    module = FALU().double()
    module.order.data.fill_(order)
    module.scale.data.fill_(1.3)
    for x in (-2.0, 0.5, 3.0):
        t = 1.3 * x
        s = t * _sigmoid(t)
        one = s + _sigmoid(t) * (1 - s)
        below = s + order * _sigmoid(t) * (1 - s)
        expected = below if order < 1 else one + (order - 1) * _sigmoid(t) * (1 - 2 * one)
        assert module(torch.tensor([x], dtype=torch.float64)).item() == pytest.approx(expected, rel=1e-12)


def test_falu_is_continuous_at_order_one() -> None:
    x = torch.linspace(-4, 4, 33, dtype=torch.float64)
    values = []
    for order in (1 - 1e-9, 1.0):
        module = FALU().double()
        module.order.data.fill_(order)
        values.append(module(x))
    torch.testing.assert_close(values[0], values[1], rtol=0, atol=1e-8)


def test_srelu_has_three_pieces_with_their_thresholds_per_channel() -> None:
    module = SReLU(2, torch.Generator().manual_seed(0))
    module.left_threshold.data = torch.tensor([-1.0, 0.5])
    module.left_slope.data = torch.tensor([0.2, 0.5])
    module.right_offset.data = torch.tensor([3.0, -1.5])  # an offset's magnitude counts: t_r = 2 and 2
    module.right_slope.data = torch.tensor([0.1, 2.0])
    x = torch.tensor([[-3.0, -3.0], [1.0, 1.0], [5.0, 5.0]]).view(3, 2, 1)
    expected = torch.tensor([[-1.0 + 0.2 * -2.0, 0.5 + 0.5 * -3.5], [1.0, 1.0], [2.0 + 0.1 * 3.0, 2.0 + 2.0 * 3.0]])
    torch.testing.assert_close(module(x), expected.view(3, 2, 1))


def test_srelu_start_is_drawn_from_the_generator() -> None:
    module = SReLU(4000, torch.Generator().manual_seed(3))
    again = SReLU(4000, torch.Generator().manual_seed(3))
    assert torch.equal(module.left_slope, again.left_slope)
    assert sum(p.numel() for p in module.parameters()) == 4 * 4000
    # Means of U(0, 1) and U(0, 5), within five standard errors.
    assert abs(module.left_slope.mean().item() - 0.5) < 5 * math.sqrt(1 / 12 / 4000)
    assert abs(module.right_offset.mean().item() - 2.5) < 5 * 5 * math.sqrt(1 / 12 / 4000)
    assert not module.left_threshold.any()
    assert (module.right_slope == 1).all()


def test_srelu_without_a_generator_is_refused() -> None:
    with pytest.raises(NbsError, match="give a generator"):
        build(Operator("srelu"), 3)


def test_build_names_the_nearest_operators() -> None:
    with pytest.raises(UnknownName, match="'swish'"):
        build(Operator("swisch"), 3)


def test_scales_enter_as_alpha_f_of_beta_x() -> None:
    module = build(Operator("tanh", learn_scales=True), 3)
    parameters = dict(module.named_parameters())
    assert {name: p.shape for name, p in parameters.items()} == {"alpha": (), "beta": ()}
    assert all(p.item() == 1.0 for p in parameters.values())
    parameters["alpha"].data.fill_(3.0)
    parameters["beta"].data.fill_(0.5)
    assert module(torch.tensor([1.2])).item() == pytest.approx(3 * math.tanh(0.6), rel=1e-6)


@pytest.mark.parametrize("name", [n for n in ALL if n not in ("prelu", "srelu", "falu")])
def test_operator_without_scales_has_nothing_to_train(name: str) -> None:
    assert not list(_build(name).parameters())
