"""The discrete cell against plain evaluation with `math`."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import nn

from nasbench_sparse.core.blueprint import Cell
from nasbench_sparse.core.operations import BINARY, GAMMA_OPERATIONS, UNARY
from nasbench_sparse.errors import NbsError, UnknownName
from nasbench_sparse.nn.activations import build
from nasbench_sparse.nn.operations import binary, unary


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


PLAIN_UNARY = {
    "identity": lambda x, g: x,
    "negate": lambda x, g: -x,
    "abs": lambda x, g: abs(x),
    "square": lambda x, g: x**2,
    "cube": lambda x, g: x**3,
    "sqrt": lambda x, g: math.sqrt(max(x, 1e-3)),
    "shift": lambda x, g: x + g,
    "scale": lambda x, g: g * x,
    "constant": lambda x, g: g,
    "exp": lambda x, g: math.exp(min(x, 700)),
    "sinh": lambda x, g: math.sinh(max(min(x, 700), -700)),
    "tanh": lambda x, g: math.tanh(x),
    "arcsinh": lambda x, g: math.asinh(x),
    "arctan": lambda x, g: math.atan(x),
    "relu": lambda x, g: max(0.0, x),
    "negative_part": lambda x, g: min(0.0, x),
    "sigmoid": lambda x, g: _sigmoid(max(x, -700)),
    "softplus": lambda x, g: math.log1p(math.exp(x)) if x < 30 else x,
    "erf": lambda x, g: math.erf(x),
    "silu": lambda x, g: x * _sigmoid(max(x, -700)),
    "gelu": lambda x, g: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "elu": lambda x, g: x if x > 0 else math.expm1(x),
    "leaky_relu": lambda x, g: x if x > 0 else 0.01 * x,
}
PLAIN_BINARY = {
    "add": lambda a, b, g: a + b,
    "subtract": lambda a, b, g: a - b,
    "multiply": lambda a, b, g: a * b,
    "maximum": lambda a, b, g: max(a, b),
    "minimum": lambda a, b, g: min(a, b),
    "gate": lambda a, b, g: _sigmoid(a) * b,
    "mix": lambda a, b, g: _sigmoid(g) * a + (1 - _sigmoid(g)) * b,
    "left": lambda a, b, g: a,
    "right": lambda a, b, g: b,
}
POINTS = [-40.0, -11.0, -2.6, -0.3, 0.0, 0.7, 2.9, 12.0, 40.0]


def _clip(y: float) -> float:
    return max(-10.0, min(10.0, y))


def _gamma(name: str, value: float) -> torch.Tensor | None:
    return torch.tensor(value, dtype=torch.float64) if name in GAMMA_OPERATIONS else None


@pytest.mark.parametrize("name", UNARY)
def test_unary_operation_matches_its_formula_bounded_and_plain(name: str) -> None:
    x = torch.tensor(POINTS, dtype=torch.float64)
    plain = torch.tensor([PLAIN_UNARY[name](p, 1.7) for p in POINTS], dtype=torch.float64)
    clipped = torch.tensor([_clip(PLAIN_UNARY[name](p, 1.7)) for p in POINTS], dtype=torch.float64)
    torch.testing.assert_close(unary(name, x, _gamma(name, 1.7), bounded=False), plain, rtol=1e-8, atol=1e-12)
    torch.testing.assert_close(unary(name, x, _gamma(name, 1.7)), clipped, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("name", UNARY)
def test_bounded_unary_operation_is_finite_in_value_and_gradient(name: str) -> None:
    x = torch.linspace(-1e4, 1e4, 4001).requires_grad_()
    gamma = torch.tensor(50.0) if name in GAMMA_OPERATIONS else None
    y = unary(name, x, gamma) + 0 * x
    y.sum().backward()
    assert x.grad is not None
    assert y.abs().max().item() <= 10 * (1 + 1e-6)
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("name", BINARY)
def test_binary_operation_matches_its_formula(name: str) -> None:
    pairs = list(itertools.product([-9.0, -1.2, 0.0, 0.4, 7.0], repeat=2))
    left, right = (torch.tensor(column, dtype=torch.float64) for column in zip(*pairs, strict=True))
    plain = torch.tensor([PLAIN_BINARY[name](a, b, 0.8) for a, b in pairs], dtype=torch.float64)
    gamma = _gamma(name, 0.8)
    torch.testing.assert_close(binary(name, left, right, gamma, bounded=False), plain, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(binary(name, left, right, gamma), plain.clamp(-10, 10), rtol=1e-12, atol=1e-12)


def _evaluate(cell: Cell, x: float, gammas: dict[str, float]) -> float:
    clip = _clip if cell.bounded else float
    u = [
        lambda v, n=name, i=i: clip(PLAIN_UNARY[n](v, gammas.get(f"u{i + 1}", 1.0)))
        for i, name in enumerate(cell.unary)
    ]
    inner = clip(PLAIN_BINARY[cell.binary[0]](u[0](x), u[1](x), gammas.get("b1", 0.0)))
    return clip(PLAIN_BINARY[cell.binary[1]](u[2](inner), u[3](x), gammas.get("b2", 0.0)))


@pytest.mark.parametrize("inner", BINARY)
@pytest.mark.parametrize("outer", BINARY)
@pytest.mark.parametrize("bounded", [True, False])
def test_cell_matches_its_formula(inner: str, outer: str, bounded: bool) -> None:
    points = [-3.0, -0.8, 0.0, 0.5, 2.2]
    x = torch.tensor(points, dtype=torch.float64)
    for unaries in (("relu", "gelu", "tanh", "relu"), ("exp", "shift", "square", "scale"), ("constant",) * 4):
        gammas = (("b1", 0.3), ("b2", -0.6), ("u1", -0.5), ("u2", 0.4), ("u4", 1.5))
        cell = Cell(unaries, (inner, outer), gammas, bounded)
        expected = torch.tensor([_evaluate(cell, p, dict(gammas)) for p in points], dtype=torch.float64)
        torch.testing.assert_close(build(cell, 3).double()(x), expected, rtol=1e-6, atol=1e-7)


def test_cell_reproduces_a_published_activation() -> None:
    # GRAFS eq. 2, F4: 0.4756 ReLU(x) + 0.5244 GELU(x), as a mix at b2 with an identity inner branch.
    logit = math.log(0.4756 / 0.5244)
    cell = Cell(("relu", "relu", "identity", "gelu"), ("left", "mix"), (("b2", logit),), bounded=False)
    for x in (-1.5, 0.8, 20.0):
        expected = 0.4756 * max(x, 0) + 0.5244 * x * (1 + math.erf(x / math.sqrt(2))) / 2
        assert build(cell, 1)(torch.tensor([x])).item() == pytest.approx(expected, rel=1e-6)


def test_cell_passes_no_gradient_through_a_constant_where_another_edge_passes_one() -> None:
    mixed = build(Cell(("gelu", "constant", "identity", "relu"), ("mix", "multiply")), 3)
    x = torch.linspace(-2, 2, 9, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(mixed.double()(x).sum(), x)
    (expected,) = torch.autograd.grad(((nn.functional.gelu(x) + 1) / 2 * x.relu()).sum(), x)
    torch.testing.assert_close(gradient, expected)
    assert mixed.detached == {"u2"}


@pytest.mark.parametrize("binaries", list(itertools.product(BINARY, BINARY)))
@pytest.mark.parametrize("constant", [("u1",), ("u2", "u4"), ("u1", "u2", "u3", "u4"), ("u3",)])
def test_cell_leaves_no_weight_before_it_without_a_gradient(
    binaries: tuple[str, str], constant: tuple[str, ...]
) -> None:
    unaries = tuple("constant" if edge in constant else "scale" for edge in ("u1", "u2", "u3", "u4"))
    network = nn.Sequential(nn.Linear(2, 3), build(Cell(unaries, binaries), 3))
    network(torch.ones(4, 2)).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    if len(constant) == 4:
        assert not network[0].weight.grad.any()


def test_cell_gammas_that_are_given_are_frozen_and_absent_ones_start_at_one_and_zero() -> None:
    module = build(Cell(("shift", "scale", "constant", "shift"), ("mix", "mix"), (("u1", 0.3), ("b1", 2.0))), 3)
    assert {n: p.item() for n, p in module.named_parameters()} == {
        "gamma_u2": 1.0,
        "gamma_u3": 1.0,
        "gamma_u4": 1.0,
        "gamma_b2": 0.0,
    }
    assert {n: pytest.approx(b.item()) for n, b in module.named_buffers()} == {"gamma_u1": 0.3, "gamma_b1": 2.0}


def test_cell_has_no_gammas_in_dead_branches() -> None:
    assert not list(build(Cell(("tanh", "scale", "scale", "relu"), ("mix", "right")), 3).parameters())
    left = build(Cell(("tanh", "scale", "relu", "scale"), ("left", "left")), 3)
    assert not list(left.parameters())


def test_cell_evaluates_shared_and_dead_operations_once_or_never(monkeypatch: pytest.MonkeyPatch) -> None:
    from nasbench_sparse.nn import cell as module

    calls: list[str] = []

    def counted(name: str, *args: object, **kwargs: object) -> torch.Tensor:
        calls.append(name)
        return unary(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "unary", counted)
    x = torch.linspace(-1, 1, 5)
    build(Cell(("gelu", "gelu", "tanh", "gelu"), ("add", "add")), 3)(x)
    assert calls == ["gelu", "tanh"]
    calls.clear()
    build(Cell(("gelu", "exp", "tanh", "relu"), ("left", "left")), 3)(x)
    assert calls == ["gelu", "tanh"]


def test_cell_gradients_match_finite_differences() -> None:
    module = build(Cell(("scale", "silu", "softplus", "shift"), ("gate", "mix")), 3).double()
    x = torch.linspace(-2, 2, 7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(module, (x,))
    assert torch.autograd.gradcheck(lambda *_: module(x.detach()), tuple(module.parameters()))


def test_cell_state_holds_learnt_and_given_gammas() -> None:
    module: nn.Module = build(Cell(("scale", "relu", "tanh", "relu"), ("add", "mix"), (("b2", 0.5),)), 3)
    assert set(module.state_dict()) == {"gamma_u1", "gamma_b2"}


def test_cell_names_the_nearest_operations() -> None:
    with pytest.raises(UnknownName, match=r"unary operation.*'gelu'"):
        build(Cell(("gelo", "relu", "relu", "relu"), ("add", "add")), 3)
    with pytest.raises(UnknownName, match=r"binary operation.*'add'"):
        build(Cell(("gelu", "relu", "relu", "relu"), ("adds", "add")), 3)
    with pytest.raises(UnknownName, match="choice of an activation cell"):
        build(Cell(("gelu", "relu", "relu", "relu"), ("add", "add"), (("u9", 1.0),)), 3)


@pytest.mark.parametrize(
    ("unaries", "binaries", "message"),
    [
        (("gelu", "tanh", "tanh"), ("add", "left"), "unary operations at u1, u2, u3, u4; given are none for u4"),
        (("gelu",) * 4, (), "binary operations at b1, b2; given are none for b1, b2"),
        (("gelu",) * 4, ("add", "left", "right"), "given are right too many"),
        (
            ("gelu", "tahn", "tanh", "tanh"),
            ("add", "left"),
            "unary operation of edge 'u2' 'tahn': did you mean 'tanh'",
        ),
    ],
)
def test_cell_with_a_missing_or_unknown_operation_names_its_edge(
    unaries: tuple[str, ...], binaries: tuple[str, ...], message: str
) -> None:
    with pytest.raises(NbsError, match=message):
        build(Cell(unaries, binaries), 1)  # type: ignore[arg-type]
