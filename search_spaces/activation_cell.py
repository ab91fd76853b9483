"""The GRAFS activation cell `b2(u3(b1(u1(x), u2(x))), u4(x))`.

References:
    GRAFS (Strack et al., 2024), section 3.1 and figure 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_sparse.core.blueprint import Blueprint, Cell
from nasbench_sparse.core.config import Config, Value
from nasbench_sparse.core.operations import BINARY, CELL_EDGES, GAMMA_OPERATIONS, UNARY
from nasbench_sparse.core.space import Relaxation, SearchSpace
from nasbench_sparse.errors import InvalidConfig, TaskError, unknown
from nasbench_sparse.search_spaces import cell_formula
from nasbench_sparse.search_spaces.cell_values import cell_values
from nasbench_sparse.search_spaces.checks import check_choice, check_fields, check_number

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

COMMUTATIVE = frozenset({"add", "multiply", "maximum", "minimum"})
IDEMPOTENT = frozenset({"maximum", "minimum", "mix"})
"""Binary operations for which b(a, a) = a."""

Choice = tuple[str, float | None]
"""An operation with its learnt gamma, None where it has none (or trains it with the weights)."""

IDENTITY: Choice = ("identity", None)
LEFT: Choice = ("left", None)

GAMMAS = tuple(f"gamma_{edge}" for edge in CELL_EDGES)
LARGEST_GAMMA = 1e6


@dataclass(frozen=True)
class ActivationCell(SearchSpace):
    """Six choices, fields `u1` to `u4`, `b1`, `b2`, and optionally learnt constants `gamma_u1` to `gamma_b2`.

    A gamma is allowed only where the chosen operation has one; absent, it is trained with the weights. Samples,
    grid and coordinates never set gammas, so `decode(encode(c))` is `canonical(c)` for a config without any.

    Equal functions share one key by these rules, each exactly true of real numbers, bounded or not:

    1. b2 = right: the cell is u4(x), written as u1 with u3 = identity and b1 = b2 = left.
    2. b2 = left: u4 is dead. u3 = constant: u1, u2 and b1 are dead. b1 = left: u2 is dead.
       What is dead becomes identity or left and loses its gammas.
    3. b1 = right: u2(x) is written as u1 with b1 = left.
    4. b1 = maximum, minimum or mix of two equal operands is left. Two gammas trained separately are not equal.
    5. Operands of add, multiply, maximum and minimum at b1 are sorted.
    6. u3 = identity and b1 = left: b2 joins u1(x) and u4(x), and is written as b1 of u1 and u2 with
       b2 = left; then 3 to 5 apply.

    They rest on the bound being kept by every operation, so that identity does nothing to an operation's result.
    (It does clip x itself: hence f(identity(x)) is *not* merged with f(x).)

    Args:
        bounded: clip unbounded operations to magnitude 10.
        unary: operations allowed on the edges, "identity" among them.
        binary: operations allowed at the vertices, "left" among them.
    Raises:
        TaskError: "identity" or "left" is missing, or an operation is named twice.
        UnknownName: an operation of no such name.
    """

    bounded: bool = True
    unary: tuple[str, ...] = UNARY
    binary: tuple[str, ...] = BINARY

    def __post_init__(self) -> None:
        for kind, names, valid, needed in (
            ("unary", self.unary, UNARY, "identity"),
            ("binary", self.binary, BINARY, "left"),
        ):
            for name in names:
                if name not in valid:
                    raise unknown(f"{kind} operation", name, valid)
            if needed not in names or len(set(names)) < len(names):
                raise TaskError(
                    f"{kind} operations must be distinct and hold {needed!r}, which marks dead branches"
                )

    @property
    def fields(self) -> tuple[str, ...]:
        return CELL_EDGES + GAMMAS

    @cached_property
    def operations(self) -> dict[str, tuple[str, ...]]:
        """The operations allowed at each choice."""
        return {edge: self.unary if edge.startswith("u") else self.binary for edge in CELL_EDGES}

    @cached_property
    def _alternatives(self) -> tuple[tuple[str, str], ...]:
        return tuple((edge, name) for edge, names in self.operations.items() for name in names)

    @cached_property
    def _order(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.unary)}

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        draws = rng.random(len(CELL_EDGES)).tolist()
        names = self.operations
        return self._reduced(
            {e: (names[e][int(u * len(names[e]))], None) for e, u in zip(names, draws, strict=True)}
        )

    def neighbour(self, config: Config, rng: np.random.Generator) -> dict[str, Value]:
        """Change one of the six choices such that the canonical cell differs; a changed choice has no gamma."""
        choices = _choices(config)
        now = self._reduced(choices)
        for index in rng.permutation(len(self._alternatives)):
            edge, name = self._alternatives[index]
            if name != choices[edge][0]:
                changed = self._reduced({**choices, edge: (name, None)})
                if changed != now:
                    return changed
        return now

    def canonical(self, config: Config) -> dict[str, Value]:
        self.validate(config)
        return self._reduced(_choices(config))

    def validate(self, config: Config) -> None:
        check_fields(config, CELL_EDGES, GAMMAS)
        for edge, allowed in self.operations.items():
            check_choice(edge, config[edge], allowed)
        for field in config:
            if field in GAMMAS:
                operation = config[field.removeprefix("gamma_")]
                if operation not in GAMMA_OPERATIONS:
                    raise InvalidConfig(
                        f"config field {field!r} is given, but {operation!r} has no gamma; "
                        f"only {', '.join(sorted(GAMMA_OPERATIONS))} have one"
                    )
                check_number(field, config[field], -LARGEST_GAMMA, LARGEST_GAMMA)

    def configure(self, blueprint: Blueprint, config: Config) -> Blueprint:
        return blueprint.with_activations((cell_of(config, self.bounded),))

    def formula(self, config: Config) -> str:
        """Write a config as a formula, such as `max(GELU(SiLU(x)*GELU(x)), x^2)`; the bound is left out.

        See `cell_formula.formula` for how gammas are printed.
        """
        return cell_formula.formula(cell_of(self.canonical(config), self.bounded))

    @property
    def coordinates(self) -> ConfigurationSpace:
        from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace

        space = ConfigurationSpace()
        space.add([CategoricalHyperparameter(edge, names) for edge, names in self.operations.items()])
        return space

    def decode(self, point: Mapping[str, Any]) -> dict[str, Value]:
        return self.canonical({edge: point[edge] for edge in CELL_EDGES})

    def encode(self, config: Config) -> dict[str, Any]:
        canonical = self.canonical(config)
        return {edge: canonical[edge] for edge in CELL_EDGES}

    def relaxation(self) -> Relaxation:
        return Relaxation("cell", CELL_EDGES, tuple(self.operations[edge] for edge in CELL_EDGES))

    def features(self, config: Config) -> dict[str, float]:
        """Return the cell's values at 13 inputs, `value_0` to `value_12`; see `cell_values`."""
        choices = _choices(config)
        names = {edge: name for edge, (name, _) in choices.items()}
        gammas = {edge: gamma for edge, (_, gamma) in choices.items() if gamma is not None}
        return {f"value_{i}": v for i, v in enumerate(cell_values(names, gammas, self.bounded))}

    @property
    def size(self) -> int:
        """The number of distinct canonical cells without gammas: 9,455,315 of the 22,667,121 for all operations."""
        unary, inner = len(self.unary), sum(1 for _ in self._inner_pairs())
        constant = int("constant" in self.unary)
        joins = len(set(self.binary) - {"left", "right"})
        joined = (inner - unary) + constant + (unary - 1 - constant) * inner  # by u3: identity, constant, others
        return constant + (unary - constant) * inner + joins * unary * joined

    def grid(self, resolution: int) -> Iterator[dict[str, Value]]:
        """Yield every canonical cell; `resolution` does not matter."""
        outer = [("left", "identity")]
        outer += [(b2, u4) for b2 in self.binary if b2 not in ("left", "right") for u4 in self.unary]
        for (b2, u4), u3 in itertools.product(outer, self.unary):
            inner = self._inner_pairs() if u3 != "constant" else [("left", "identity", "identity")]
            for b1, u1, u2 in inner:
                if u3 != "identity" or b1 != "left" or b2 == "left":
                    yield {"u1": u1, "u2": u2, "u3": u3, "u4": u4, "b1": b1, "b2": b2}

    def _inner_pairs(self) -> Iterator[tuple[str, str, str]]:
        """Yield the distinct b1(u1(x), u2(x)) as (b1, u1, u2): those that `_joined` leaves as they are."""
        for b1, u1, u2 in itertools.product(self.binary, self.unary, self.unary):
            triple: tuple[Choice, Choice, Choice] = ((b1, None), (u1, None), (u2, None))
            if self._joined(*triple) == triple:
                yield b1, u1, u2

    def _reduced(self, choices: Mapping[str, Choice]) -> dict[str, Value]:
        """Apply the rules of the class's docstring; every choice given."""
        u1, u2, u3, u4, b1, b2 = (choices[edge] for edge in CELL_EDGES)
        if b2[0] == "right":
            u1, u2, u3, u4, b1, b2 = u4, IDENTITY, IDENTITY, IDENTITY, LEFT, LEFT
        if b2[0] == "left":
            u4 = IDENTITY
        if u3[0] == "constant":
            u1, u2, b1 = IDENTITY, IDENTITY, LEFT
        b1, u1, u2 = self._joined(b1, u1, u2)
        if u3[0] == "identity" and b1[0] == "left" and b2[0] != "left":
            (b1, u1, u2), u4, b2 = self._joined(b2, u1, u4), IDENTITY, LEFT
        chosen = (u1, u2, u3, u4, b1, b2)
        config: dict[str, Value] = {edge: name for edge, (name, _) in zip(CELL_EDGES, chosen, strict=True)}
        for field, (_, gamma) in zip(GAMMAS, chosen, strict=True):
            if gamma is not None:
                config[field] = gamma
        return config

    def _joined(self, join: Choice, first: Choice, second: Choice) -> tuple[Choice, Choice, Choice]:
        """Apply rules 2 to 5 to a binary operation of two unary ones of x."""
        name = join[0]
        if name == "right":
            return LEFT, second, IDENTITY
        fixed = first[0] not in GAMMA_OPERATIONS or first[1] is not None
        if name == "left" or (name in IDEMPOTENT and first == second and fixed):
            return LEFT, first, IDENTITY
        if name in COMMUTATIVE and self._rank(second) < self._rank(first):
            return join, second, first
        return join, first, second

    def _rank(self, choice: Choice) -> tuple[int, bool, float]:
        name, gamma = choice
        return self._order[name], gamma is not None, gamma or 0.0


def cell_of(config: Config, bounded: bool) -> Cell:
    """Return the cell that a config describes."""
    u1, u2, u3, u4, b1, b2 = (str(config[edge]) for edge in CELL_EDGES)
    gammas = tuple((e, float(config[g])) for e, g in zip(CELL_EDGES, GAMMAS, strict=True) if g in config)
    return Cell((u1, u2, u3, u4), (b1, b2), gammas, bounded)


def _choices(config: Config) -> dict[str, Choice]:
    return {
        edge: (str(config[edge]), float(config[gamma]) if gamma in config else None)
        for edge, gamma in zip(CELL_EDGES, GAMMAS, strict=True)
    }
