"""The published activations against equations 2 to 4 written out with `math`."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from nasbench_sparse.core.blueprint import Operator
from nasbench_sparse.errors import UnknownName
from nasbench_sparse.nn.activations import build
from nasbench_sparse.nn.published import BASELINES, PUBLISHED
from nasbench_sparse.search_spaces.cell_formula import formula


def relu(x: float) -> float:
    return max(0.0, x)


def leaky(x: float) -> float:
    return x if x > 0 else 0.01 * x


def gelu(x: float) -> float:
    return x * (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def silu(x: float) -> float:
    return x / (1.0 + math.exp(-x))


PRINTED: dict[str, Callable[[float], float]] = {
    "grafs-rn-1": lambda x: 0.4739 * leaky(leaky(x)) + 0.5261 * gelu(x),
    "grafs-rn-2": lambda x: 0.5163 * leaky(0.4945 * relu(x) + 0.5055 * gelu(x)) + 0.4837 * gelu(x),
    "grafs-rn-3": lambda x: 0.4865 * gelu(0.4873 * relu(x) + 0.5127 * gelu(x)) + 0.5135 * gelu(x),
    "grafs-rn-4": lambda x: 0.4756 * relu(x) + 0.5244 * gelu(x),
    "grafs-rn-5": lambda x: 0.4591 * leaky(0.5267 * leaky(x) + 0.4733 * gelu(x)) + 0.5409 * gelu(x),
    "grafs-vit-1": lambda x: 0.6601 * gelu(silu(x) * gelu(x)) + 0.3399 * x**2,
    "grafs-vit-2": lambda x: 0.7322 * silu(0.2822 * x**2 + 0.7178 * gelu(x)) + 0.2678 * x**2,
    "grafs-vit-3": lambda x: 0.7319 * gelu(silu(x) * gelu(x)) + 0.2681 * x**2,
    "grafs-vit-4": lambda x: 0.6778 * gelu(silu(x) * gelu(x)) + 0.3222 * x**2,
    "grafs-vit-5": lambda x: 0.3139 * x**2 + 0.5431 * gelu(x),
    "grafs-gpt-1": lambda x: 0.4953 * leaky(x) * gelu(x) + 0.5047 * relu(x),
    "grafs-gpt-2": lambda x: (0.4689 * gelu(x) + 0.5311) * relu(x),
    "grafs-gpt-3": lambda x: (0.4662 * math.sinh(x) + 0.5338) * gelu(x),
    "grafs-gpt-4": lambda x: 0.4781 * relu(x) ** 2 + 0.5219 * relu(x),
    "grafs-gpt-5": lambda x: 0.4828 * relu(x) ** 2 + 0.5172 * relu(x),
}
POINTS = (-12.0, -3.3, -1.0, -0.2, 0.0, 0.4, 1.0, 2.7, 12.0)


def _module(name: str) -> torch.nn.Module:
    return build(Operator(name), 3)


def test_all_fifteen_are_there() -> None:
    assert set(PRINTED) == set(PUBLISHED)
    assert len(PUBLISHED) == 15


@pytest.mark.parametrize("name", PRINTED)
def test_published_activation_is_evaluated_as_printed(name: str) -> None:
    expected = torch.tensor([PRINTED[name](x) for x in POINTS], dtype=torch.float64)
    x = torch.tensor(POINTS, dtype=torch.float64)
    torch.testing.assert_close(_module(name).double()(x), expected, rtol=1e-6, atol=2e-5)
    torch.testing.assert_close(_module(name)(x.float()), expected.float(), rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("name", PRINTED)
def test_published_activation_has_the_slope_of_its_formula(name: str) -> None:
    x = torch.tensor([p + 0.01 for p in POINTS], dtype=torch.float64).requires_grad_()
    (slope,) = torch.autograd.grad(_module(name).double()(x).sum(), x)
    step = 1e-5
    expected = [(PRINTED[name](p + step) - PRINTED[name](p - step)) / (2 * step) for p in x.tolist()]
    torch.testing.assert_close(slope, torch.tensor(expected, dtype=torch.float64), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", PRINTED)
def test_published_activation_is_finite_where_its_formula_is(name: str, dtype: torch.dtype) -> None:
    largest = 80.0 if name == "grafs-gpt-3" else 1e4  # x sinh(x) leaves float32 before x = 88
    x = torch.linspace(-largest, largest, 2001).to(dtype).requires_grad_()
    y = _module(name).to(dtype)(x)
    (slope,) = torch.autograd.grad(y.float().sum(), x)
    assert torch.isfinite(y).all()
    assert torch.isfinite(slope).all()


def test_only_gpt_3_overflows_as_printed() -> None:
    x = torch.tensor([-1e4, 1e4])
    assert [name for name in PUBLISHED if not torch.isfinite(_module(name)(x)).all()] == ["grafs-gpt-3"]


@pytest.mark.parametrize("name", PRINTED)
def test_published_activation_has_nothing_to_train(name: str) -> None:
    assert not list(_module(name).parameters())
    assert [n for n, _ in build(Operator(name, learn_scales=True), 3).named_parameters()] == ["alpha", "beta"]


def test_formula_prints_the_published_numbers() -> None:
    assert formula(PUBLISHED["grafs-rn-2"]) == (
        "0.5163*LeakyReLU(0.4945*max(0, x) + 0.5055*GELU(x)) + 0.4837*GELU(x)"
    )
    assert formula(PUBLISHED["grafs-vit-1"]) == "0.6601*GELU(SiLU(x)*GELU(x)) + 0.3399*x^2"


@pytest.mark.parametrize(("name", "at_one"), [("silu", silu(1.0)), ("gelu", gelu(1.0)), ("elu", 1.0)])
def test_baselines_are_the_usual_functions(name: str, at_one: float) -> None:
    assert build(BASELINES[name], 1)(torch.tensor([1.0])).item() == pytest.approx(at_one, rel=1e-6)


def test_unknown_name_is_answered_with_the_nearest_published_one() -> None:
    with pytest.raises(UnknownName, match="'grafs-rn-6': did you mean 'grafs-rn-"):
        _module("grafs-rn-6")
