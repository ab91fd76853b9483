"""Typed parameters of a declared hyperparameter space, as frozen data."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.core.config import Value
from nasbench_sparse.errors import TaskError
from nasbench_sparse.search_spaces.checks import check_choice, check_number

if TYPE_CHECKING:
    from ConfigSpace.hyperparameters import Hyperparameter

STEP = 0.2
"""Standard deviation of a neighbour's Gaussian step, as a fraction of the (logarithmic) range; SMAC's value."""

Condition = tuple[str, tuple[Value, ...]]
"""A categorical parent's name and the values of it under which a parameter is active."""


class Parameter(ABC):
    """One named parameter; `active_if` None means always active."""

    name: str
    active_if: Condition | None

    @abstractmethod
    def at(self, u: float) -> Value:
        """Return the value at a place u in [0, 1), so that uniform places give the parameter's distribution."""

    @abstractmethod
    def canonical(self, value: object) -> Value:
        """Return the value as configs write it.

        Raises:
            InvalidConfig: the parameter does not allow it.
        """

    @abstractmethod
    def neighbour(self, value: Value, rng: np.random.Generator) -> Value:
        """Return a different value nearby; the same one only if there is no other."""

    @abstractmethod
    def levels(self, resolution: int) -> tuple[Value, ...]:
        """Return `resolution` distinct values of a continuous parameter, or all values of any other."""

    @abstractmethod
    def hyperparameter(self) -> Hyperparameter:
        """Return ConfigSpace's form of the parameter."""


def _check_range(name: str, low: float, high: float, log: bool) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low < high and (low > 0 or not log)):
        raise TaskError(
            f"parameter {name!r}: [{low}, {high}] is no range" + (" of positive numbers" if log else "")
        )


@dataclass(frozen=True, slots=True)
class Float(Parameter):
    """A real number in [low, high], uniform, or log-uniform if `log`; written with six significant digits.

    Raises:
        TaskError: an empty range, or a logarithmic one that is not positive.
    """

    name: str
    low: float
    high: float
    log: bool = False
    active_if: Condition | None = None

    def __post_init__(self) -> None:
        _check_range(self.name, self.low, self.high, self.log)

    def at(self, u: float) -> float:
        if self.log:
            return self._written(self.low * (self.high / self.low) ** u)
        return self._written(self.low + u * (self.high - self.low))

    def canonical(self, value: object) -> float:
        check_number(self.name, value, self.low, self.high)
        return self._written(float(value))  # type: ignore[arg-type]

    def neighbour(self, value: Value, rng: np.random.Generator) -> float:
        place = self._place(float(value))
        for _ in range(100):
            moved = self.at(_reflected(place + STEP * float(rng.normal())))
            if moved != value:
                return moved
        return float(value)

    def levels(self, resolution: int) -> tuple[float, ...]:
        return tuple(dict.fromkeys(self.at(u) for u in np.linspace(0.0, 1.0, resolution).tolist()))

    def hyperparameter(self) -> Hyperparameter:
        from ConfigSpace import UniformFloatHyperparameter

        return UniformFloatHyperparameter(self.name, self.low, self.high, log=self.log)

    def _place(self, value: float) -> float:
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def _written(self, value: float) -> float:
        return min(max(float(f"{value:.6g}"), self.low), self.high)


@dataclass(frozen=True, slots=True)
class Integer(Parameter):
    """A whole number in [low, high], uniform, or nearly log-uniform if `log`.

    Raises:
        TaskError: an empty range, or a logarithmic one that is not positive.
    """

    name: str
    low: int
    high: int
    log: bool = False
    active_if: Condition | None = None

    def __post_init__(self) -> None:
        _check_range(self.name, self.low, self.high, self.log)

    def at(self, u: float) -> int:
        low, high = self.low - 0.5, self.high + 0.5
        place = low * (high / low) ** u if self.log else low + u * (high - low)
        return min(max(math.floor(place + 0.5), self.low), self.high)

    def canonical(self, value: object) -> int:
        check_number(self.name, value, self.low, self.high, integer=True)
        return int(value)  # type: ignore[call-overload, no-any-return]

    def neighbour(self, value: Value, rng: np.random.Generator) -> int:
        low, high = self.low - 0.5, self.high + 0.5
        now = float(value)
        place = math.log(now / low) / math.log(high / low) if self.log else (now - low) / (high - low)
        moved = self.at(_reflected(place + STEP * float(rng.normal())))
        if moved != value:
            return moved
        return moved + 1 if moved < self.high else moved - 1

    def levels(self, resolution: int) -> tuple[int, ...]:
        return tuple(range(self.low, self.high + 1))

    def hyperparameter(self) -> Hyperparameter:
        from ConfigSpace import UniformIntegerHyperparameter

        return UniformIntegerHyperparameter(self.name, self.low, self.high, log=self.log)


@dataclass(frozen=True, slots=True)
class Categorical(Parameter):
    """One of the listed values, all equally likely.

    Raises:
        TaskError: no choices, or two that are equal (True and 1 are).
    """

    name: str
    choices: tuple[Value, ...]
    active_if: Condition | None = None

    def __post_init__(self) -> None:
        if not self.choices or len(set(self.choices)) < len(self.choices):
            raise TaskError(f"parameter {self.name!r} needs choices, each once, not {self.choices}")

    def at(self, u: float) -> Value:
        return self.choices[int(u * len(self.choices))]

    def canonical(self, value: object) -> Value:
        return self.choices[check_choice(self.name, value, self.choices)]

    def neighbour(self, value: Value, rng: np.random.Generator) -> Value:
        others = [choice for choice in self.choices if choice != value]
        return others[int(rng.integers(len(others)))] if others else value

    def levels(self, resolution: int) -> tuple[Value, ...]:
        return self.choices

    def hyperparameter(self) -> Hyperparameter:
        from ConfigSpace import CategoricalHyperparameter

        return CategoricalHyperparameter(self.name, self.choices)


@dataclass(frozen=True, slots=True)
class Ordinal(Parameter):
    """One of a few numbers in ascending order, all equally likely; a neighbour is the next one up or down.

    Raises:
        TaskError: no values, or values that do not ascend.
    """

    name: str
    values: tuple[float, ...]
    active_if: Condition | None = None

    def __post_init__(self) -> None:
        if not self.values or list(self.values) != sorted(set(self.values)):
            raise TaskError(f"parameter {self.name!r} needs values in ascending order, not {self.values}")

    def at(self, u: float) -> Value:
        return self.values[int(u * len(self.values))]

    def canonical(self, value: object) -> Value:
        return self.values[check_choice(self.name, value, self.values)]

    def neighbour(self, value: Value, rng: np.random.Generator) -> Value:
        place = check_choice(self.name, value, self.values)
        near = [i for i in (place - 1, place + 1) if 0 <= i < len(self.values)]
        return self.values[near[int(rng.integers(len(near)))]] if near else value

    def levels(self, resolution: int) -> tuple[Value, ...]:
        return self.values

    def hyperparameter(self) -> Hyperparameter:
        from ConfigSpace import OrdinalHyperparameter

        return OrdinalHyperparameter(self.name, list(self.values))


def _reflected(place: float) -> float:
    """Fold the real line into [0, 1], bouncing at both ends."""
    place = abs(place) % 2.0
    return 2.0 - place if place > 1.0 else place
