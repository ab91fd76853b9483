"""Checks of what comes in: arrays of floats with NaN for missing values, numbers, names, generators."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from nasbench_sparse.errors import NbsError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
LARGEST = 1e100  # its square is still a float
Array = TypeVar("Array", bound=npt.NDArray[Any])


class StatisticsError(NbsError):
    """Data or a setting that a statistic cannot use."""


def floats(
    values: Any, name: str, dimensions: tuple[int, ...] = (1, 2), *, finite: bool = True, minimum: int = 1
) -> Floats:
    """Copy values into a float array, NaN where missing (None counts as NaN).

    Args:
        dimensions: numbers of dimensions allowed.
        finite: refuse infinite values, and those whose squares could become so.
        minimum: values needed.
    Raises:
        StatisticsError: not numbers, ragged, too few, too large, or of other dimensions.
    """
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError(f"{name} must be a rectangular array of numbers, NaN for missing: {error}") from error
    if array.ndim not in dimensions:
        allowed = " or ".join(str(d) for d in dimensions)
        raise StatisticsError(f"{name} has {array.ndim} dimensions; allowed: {allowed}")
    if array.size < minimum:
        raise StatisticsError(f"{name} is empty; at least one value is needed")
    if finite and (np.abs(array) > LARGEST).any():
        raise StatisticsError(f"{name} holds an infinite value, or one beyond {LARGEST:g}; use NaN for missing")
    return array


def runs_by_tasks(values: Any, name: str) -> Floats:
    """Copy a runs x tasks matrix; a single column is runs of one task."""
    array = floats(values, name)
    return array[:, None] if array.ndim == 1 else array


def same_shape(first: Floats, second: Floats, names: str) -> None:
    """Refuse arrays of different shapes."""
    if first.shape != second.shape:
        raise StatisticsError(
            f"{names} have shapes {first.shape} and {second.shape}; they must be equal, NaN where a run is missing"
        )


def number(value: Any, name: str, *, infinite: bool = False) -> float:
    """Return a number as a float; refuse NaN, text and, unless allowed, infinity."""
    if not isinstance(value, Real) or math.isnan(value) or (math.isinf(value) and not infinite):
        raise StatisticsError(f"{name} is {value!r}; a {'' if infinite else 'finite '}number is needed")
    return float(value)


def whole(value: Any, name: str, least: int) -> int:
    """Return a whole number; refuse fractions and what is below the least allowed."""
    if not isinstance(value, Integral) or value < least:
        raise StatisticsError(f"{name} is {value!r}; a whole number is needed, and at least {least}")
    return int(value)


def fraction(value: Any, name: str) -> float:
    """Refuse a level or power outside (0, 1)."""
    if not isinstance(value, Real) or not 0.0 < float(value) < 1.0:
        raise StatisticsError(f"{name} is {value!r}; a number strictly between 0 and 1 is needed")
    return float(value)


def resample_count(resamples: Any) -> int:
    """Refuse too few resamples for a percentile."""
    return whole(resamples, "resamples", 100)


def generator(rng: Any) -> None:
    """Refuse a seed, or a generator of another kind."""
    if not isinstance(rng, np.random.Generator):
        raise StatisticsError(
            f"rng is a {type(rng).__name__}; a numpy Generator is needed, such as numpy.random.default_rng(0)"
        )


def mapping(values: Any, name: str) -> None:
    """Refuse values without names."""
    if not isinstance(values, Mapping):
        raise StatisticsError(f"{name} is a {type(values).__name__}; a mapping by name is needed")


def items(values: Any, name: str) -> tuple[Any, ...]:
    """Return the items of a list; refuse text and what is no list."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise StatisticsError(f"{name} is a {type(values).__name__}; a list is needed")
    return tuple(values)


def counted(number: int, noun: str) -> str:
    """Say a number of things: "1 task", "1,024 tasks"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def span(counts: Iterable[float], noun: str) -> str:
    """Say how many things, or from how few to how many: "1 run", "5 to 20 runs"."""
    low, high = min(counts := list(counts)), max(counts)
    return f"{low:,g} {noun}{'' if low == 1 else 's'}" if low == high else f"{low:,g} to {high:,g} {noun}s"


def one_of(value: str, allowed: tuple[str, ...], name: str) -> None:
    """Refuse a choice that does not exist."""
    if value not in allowed:
        raise StatisticsError(f"{name} is {value!r}; allowed: {', '.join(allowed)}")


def read_only(array: Array) -> Array:
    """Return the array with writing disabled, for fields of frozen results."""
    array.flags.writeable = False
    return array
