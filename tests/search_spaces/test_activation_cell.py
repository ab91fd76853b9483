# ruff: noqa: RUF001 - formulas hold the letter gamma
from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from nasbench_sparse.core.blueprint import Blueprint, Cell, Network, Recipe, Train
from nasbench_sparse.core.config import Value, config_key
from nasbench_sparse.core.operations import BINARY, CELL_EDGES, GAMMA_OPERATIONS, UNARY
from nasbench_sparse.errors import InvalidConfig, TaskError, UnknownName
from nasbench_sparse.search_spaces.activation_cell import ActivationCell

Array = np.ndarray[Any, np.dtype[np.float64]]
X = np.linspace(-12.0, 12.0, 241)
SPACE = ActivationCell()


def sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


erf = np.vectorize(math.erf, otypes=[float])
FUNCTIONS: dict[str, Callable[[Array, float], Array]] = {
    "identity": lambda x, g: x,
    "negate": lambda x, g: -x,
    "abs": lambda x, g: np.abs(x),
    "square": lambda x, g: x**2,
    "cube": lambda x, g: x**3,
    "sqrt": lambda x, g: np.sqrt(np.maximum(x, 1e-3)),
    "shift": lambda x, g: x + g,
    "scale": lambda x, g: g * x,
    "constant": lambda x, g: np.full_like(x, g),
    "exp": lambda x, g: np.exp(x),
    "sinh": lambda x, g: np.sinh(x),
    "tanh": lambda x, g: np.tanh(x),
    "arcsinh": lambda x, g: np.arcsinh(x),
    "arctan": lambda x, g: np.arctan(x),
    "relu": lambda x, g: np.maximum(x, 0.0),
    "negative_part": lambda x, g: np.minimum(x, 0.0),
    "sigmoid": lambda x, g: sigmoid(x),
    "softplus": lambda x, g: np.logaddexp(0.0, x),
    "erf": lambda x, g: erf(x),
    "silu": lambda x, g: x * sigmoid(x),
    "gelu": lambda x, g: 0.5 * x * (1.0 + erf(x / math.sqrt(2.0))),
    "elu": lambda x, g: np.where(x > 0, x, np.expm1(np.minimum(x, 0.0))),
    "leaky_relu": lambda x, g: np.where(x > 0, x, 0.01 * x),
}
JOINS: dict[str, Callable[[Array, Array, float], Array]] = {
    "add": lambda a, b, g: a + b,
    "subtract": lambda a, b, g: a - b,
    "multiply": lambda a, b, g: a * b,
    "maximum": lambda a, b, g: np.maximum(a, b),
    "minimum": lambda a, b, g: np.minimum(a, b),
    "gate": lambda a, b, g: sigmoid(a) * b,
    "mix": lambda a, b, g: b + (a - b) / (1.0 + math.exp(-g)),
    "left": lambda a, b, g: a,
    "right": lambda a, b, g: b,
}


def evaluate(config: Mapping[str, Value], x: Array, *, bounded: bool) -> Array:
    """Evaluate a cell plainly: every output is clipped to magnitude 10, absent gammas are 1, of mix 0."""

    def gamma(edge: str) -> float:
        return float(config.get(f"gamma_{edge}", 0.0 if config[edge] == "mix" else 1.0))

    def kept(y: Array) -> Array:
        return np.clip(y, -10.0, 10.0) if bounded else y

    def unary(edge: str, z: Array) -> Array:
        return kept(FUNCTIONS[str(config[edge])](z, gamma(edge)))

    def join(edge: str, a: Array, b: Array) -> Array:
        return kept(JOINS[str(config[edge])](a, b, gamma(edge)))

    with np.errstate(all="ignore"):
        return join("b2", unary("u3", join("b1", unary("u1", x), unary("u2", x))), unary("u4", x))


def cell(u1: str, u2: str, u3: str, u4: str, b1: str, b2: str, **gammas: float) -> dict[str, Value]:
    return {"u1": u1, "u2": u2, "u3": u3, "u4": u4, "b1": b1, "b2": b2, **gammas}


def with_gammas(config: dict[str, Value], rng: np.random.Generator) -> dict[str, Value]:
    """Give most gammas a learnt value, few different ones so that equal operands occur."""
    learnt = {
        f"gamma_{e}": float(rng.choice([-0.5, 0.5, 2.0])) for e in CELL_EDGES if config[e] in GAMMA_OPERATIONS
    }
    return config | {name: value for name, value in learnt.items() if rng.random() < 0.8}


def random_cells(unary: tuple[str, ...], count: int) -> list[dict[str, Value]]:
    """Draw raw cells, rich in the operations that rules speak of; half with learnt gammas."""
    rng = np.random.default_rng(0)
    joins = (*BINARY, "left", "right", "mix")
    cells = []
    for i in range(count):
        raw = cell(*rng.choice(unary, 4).tolist(), *rng.choice(joins, 2).tolist())
        cells.append(with_gammas(raw, rng) if i % 2 else raw)
    return cells


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("unary", [UNARY, ("identity", "constant", "shift", "tanh", "square")], ids=["all", "few"])
def test_canonical_cells_are_the_same_function(unary: tuple[str, ...], bounded: bool) -> None:
    changed = 0
    for raw in random_cells(unary, 1500):
        canonical = SPACE.canonical(raw)
        changed += canonical != raw
        assert SPACE.canonical(canonical) == canonical
        x = X if bounded else X / 8
        before, after = (evaluate(c, x, bounded=bounded) for c in (raw, canonical))
        np.testing.assert_allclose(after, before, rtol=1e-12, atol=1e-12, equal_nan=True)
    assert changed > 500


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        # 1: b2 = right
        (
            cell("exp", "erf", "cube", "scale", "mix", "right", gamma_b1=0.5, gamma_u4=2.0),
            cell("scale", "identity", "identity", "identity", "left", "left", gamma_u1=2.0),
        ),
        # 2: dead branches
        (
            cell("exp", "shift", "cube", "scale", "left", "left", gamma_u2=1.5, gamma_u4=2.0),
            cell("exp", "identity", "cube", "identity", "left", "left"),
        ),
        (
            cell("scale", "exp", "constant", "tanh", "mix", "add", gamma_u1=0.1, gamma_u3=3.0, gamma_b1=1.0),
            cell("identity", "identity", "constant", "tanh", "left", "add", gamma_u3=3.0),
        ),
        # 3: b1 = right
        (
            cell("exp", "scale", "cube", "tanh", "right", "add", gamma_u2=0.3),
            cell("scale", "identity", "cube", "tanh", "left", "add", gamma_u1=0.3),
        ),
        # 4: equal operands
        (
            cell("exp", "exp", "cube", "tanh", "mix", "add", gamma_b1=0.7),
            cell("exp", "identity", "cube", "tanh", "left", "add"),
        ),
        (
            cell("shift", "shift", "cube", "tanh", "maximum", "add", gamma_u1=0.7, gamma_u2=0.7),
            cell("shift", "identity", "cube", "tanh", "left", "add", gamma_u1=0.7),
        ),
        # 5: sorted operands take their gammas along
        (
            cell("tanh", "scale", "cube", "tanh", "multiply", "add", gamma_u2=0.7),
            cell("scale", "tanh", "cube", "tanh", "multiply", "add", gamma_u1=0.7),
        ),
        # 6: two operands only
        (
            cell("gelu", "exp", "identity", "scale", "left", "mix", gamma_u4=0.7, gamma_b2=0.2),
            cell("gelu", "scale", "identity", "identity", "mix", "left", gamma_u2=0.7, gamma_b1=0.2),
        ),
        (
            cell("exp", "gelu", "identity", "gelu", "right", "maximum"),
            cell("gelu", "identity", "identity", "identity", "left", "left"),
        ),
    ],
)
def test_rules_give_the_canonical_cell(raw: dict[str, Value], canonical: dict[str, Value]) -> None:
    assert SPACE.canonical(raw) == canonical


@pytest.mark.parametrize(
    "kept",
    [
        cell("shift", "shift", "cube", "tanh", "maximum", "add"),  # two gammas, trained separately
        cell("shift", "shift", "cube", "tanh", "maximum", "add", gamma_u2=1.0),
        cell("shift", "shift", "cube", "tanh", "minimum", "add", gamma_u1=0.5, gamma_u2=0.7),
        cell("tanh", "exp", "cube", "tanh", "subtract", "add"),
        cell("tanh", "exp", "cube", "tanh", "gate", "gate"),
        cell("tanh", "exp", "cube", "tanh", "mix", "mix"),
        cell("tanh", "identity", "cube", "exp", "left", "maximum"),
        cell("identity", "identity", "tanh", "identity", "left", "left"),  # identity clips x: not tanh(x)
    ],
)
def test_different_cells_are_kept_apart(kept: dict[str, Value]) -> None:
    assert SPACE.canonical(kept) == kept


@pytest.mark.parametrize(
    ("unary", "binary"),
    [
        (("identity",), ("left",)),
        (("identity", "tanh"), BINARY),
        (("tanh", "identity", "constant"), ("add", "subtract", "mix", "maximum", "left", "right")),
        (("shift", "identity", "exp"), ("minimum", "left", "gate", "multiply")),
        (("constant", "scale", "identity", "shift"), ("left", "mix", "maximum", "add")),
    ],
)
def test_size_and_grid_agree_with_brute_force(unary: tuple[str, ...], binary: tuple[str, ...]) -> None:
    space = ActivationCell(unary=unary, binary=binary)
    every = itertools.product(*(space.operations[edge] for edge in CELL_EDGES))
    keys = {config_key(space.canonical(dict(zip(CELL_EDGES, names, strict=True)))) for names in every}
    assert space.size == len(keys)
    assert [config_key(config) for config in space.grid(2)] == list(
        dict.fromkeys(config_key(config) for config in space.grid(2))
    )
    assert {config_key(config) for config in space.grid(2)} == keys


def test_size_of_the_whole_space_is_counted_by_hand() -> None:
    # two-operand joins: add, multiply 276 pairs; max, min 276 - 20; mix 529 - 20; subtract, gate 529
    joined = 2 * 276 + 2 * 256 + 509 + 2 * 529
    inner = 23 + joined
    assert SPACE.size == 1 + 22 * inner + 7 * 23 * (joined + 1 + 21 * inner) == 9_455_315


def test_neighbours_change_one_choice_of_an_equal_cell() -> None:
    space, rng = ActivationCell(), np.random.default_rng(3)
    config = with_gammas(space.sample(rng), rng)
    for _ in range(300):
        moved = space.neighbour(config, rng)
        reached = [
            space.canonical({n: v for n, v in config.items() if n != f"gamma_{edge}"} | {edge: name})
            for edge in CELL_EDGES
            for name in space.operations[edge]
        ]
        assert moved in reached
        assert moved != space.canonical(config)
        config = moved


@pytest.mark.parametrize(
    ("config", "formula"),
    [
        (cell("silu", "gelu", "gelu", "square", "multiply", "maximum"), "max(GELU(SiLU(x)*GELU(x)), x^2)"),
        (cell("scale", "tanh", "square", "shift", "add", "subtract"), "(γ1*x + tanh(x))^2 - (x + γ2)"),
        (
            cell("scale", "tanh", "square", "shift", "add", "subtract", gamma_u4=-0.123456),
            "(γ1*x + tanh(x))^2 - (x + (-0.1235))",
        ),
        (cell("negate", "cube", "negate", "negate", "multiply", "multiply"), "(-((-x)*x^3))*(-x)"),
        (cell("square", "exp", "cube", "exp", "left", "gate"), "sigmoid((x^2)^3)*exp(x)"),
        (cell("erf", "elu", "constant", "relu", "mix", "mix"), "sigmoid(γ2)*γ1 + (1 - sigmoid(γ2))*max(0, x)"),
        (cell("erf", "elu", "constant", "leaky_relu", "mix", "right"), "LeakyReLU(x)"),
        (
            cell("relu", "elu", "identity", "gelu", "left", "mix", gamma_b2=math.log(0.4756 / 0.5244)),
            "0.4756*max(0, x) + 0.5244*GELU(x)",
        ),
    ],
)
def test_formula_is_readable(config: dict[str, Value], formula: str) -> None:
    assert SPACE.formula(config) == formula


def test_formulas_mean_what_their_cells_compute() -> None:
    plain = {"max": np.maximum, "min": np.minimum, "x": X / 8}
    names = {"SiLU": "silu", "GELU": "gelu", "ELU": "elu", "LeakyReLU": "leaky_relu"}
    same = ("abs", "sqrt", "exp", "sinh", "tanh", "arcsinh", "arctan", "sigmoid", "softplus", "erf")
    names |= dict(zip(same, same, strict=True))
    calls = {shown: (lambda z, f=FUNCTIONS[name]: f(z, 1.0)) for shown, name in names.items()}
    rng = np.random.default_rng(1)
    for _ in range(300):
        raw = cell(*rng.choice(UNARY, 4).tolist(), *rng.choice(BINARY, 2).tolist())
        for edge in CELL_EDGES:
            if raw[edge] in GAMMA_OPERATIONS:
                numbers = [math.log(1 / 3), math.log(1.5)] if raw[edge] == "mix" else [-0.75, 1.25]
                raw[f"gamma_{edge}"] = float(rng.choice(numbers))  # shares of 0.25 and 0.6, which print exactly
        text = SPACE.formula(raw).replace("^", "**")
        with np.errstate(all="ignore"):
            value = eval(text, {"__builtins__": {}}, {**plain, **calls})
        expected = evaluate(raw, X / 8, bounded=False)
        np.testing.assert_allclose(np.broadcast_to(value, X.shape), expected, rtol=1e-9, atol=1e-9)


def test_configure_writes_a_cell_with_its_gammas() -> None:
    blueprint = Blueprint(Network("lenet5"), (Train(1, Recipe()),))
    config = cell("scale", "tanh", "square", "shift", "mix", "subtract", gamma_u1=0.5, gamma_b1=-1.0)
    expected = Cell(("scale", "tanh", "square", "shift"), ("mix", "subtract"), (("u1", 0.5), ("b1", -1.0)), False)
    assert ActivationCell(bounded=False).configure(blueprint, config).activations == (expected,)


def test_relaxation_offers_110_operations() -> None:
    relaxation = SPACE.relaxation()
    assert (relaxation.kind, relaxation.edges) == ("cell", CELL_EDGES)
    assert [len(names) for names in relaxation.operations] == [23, 23, 23, 23, 9, 9]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"u1": "tahn"}, "'u1' is 'tahn': did you mean 'tanh'"),
        ({"b2": "tanh"}, "'b2' is 'tanh'"),
        (
            {"gamma_u1": 1.0},
            "'gamma_u1' is given, but 'exp' has no gamma; only constant, mix, scale, shift have one",
        ),
        ({"u1": "scale", "gamma_u1": math.nan}, "'gamma_u1' is nan"),
        ({"u1": "scale", "gamma_u1": "one"}, "'gamma_u1' is 'one'; it must be a number"),
        ({"gamma_u5": 1.0}, "unknown config field 'gamma_u5': did you mean 'gamma_u"),
    ],
)
def test_wrong_cells_are_explained(change: dict[str, Value], message: str) -> None:
    with pytest.raises(InvalidConfig, match=message):
        SPACE.validate(cell("exp", "erf", "cube", "tanh", "add", "mix") | change)


def test_operation_sets_need_their_markers() -> None:
    with pytest.raises(TaskError, match="'identity'"):
        ActivationCell(unary=("tanh",))
    with pytest.raises(TaskError, match="'left'"):
        ActivationCell(binary=("add", "left", "left"))
    with pytest.raises(UnknownName, match="did you mean 'maximum'"):
        ActivationCell(binary=("maximun", "left"))
