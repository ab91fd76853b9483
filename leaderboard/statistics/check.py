"""Checks of what comes in: arrays of floats with NaN for missing values, levels, generators."""

from __future__ import annotations

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


def fraction(value: float, name: str) -> float:
    """Refuse a level or power outside (0, 1)."""
    if not 0.0 < value < 1.0:
        raise StatisticsError(f"{name} is {value}; it must lie strictly between 0 and 1")
    return float(value)


def resample_count(resamples: int) -> int:
    """Refuse too few resamples for a percentile."""
    if resamples < 100:
        raise StatisticsError(f"resamples is {resamples}; at least 100 are needed")
    return resamples


def counted(number: int, noun: str) -> str:
    """Say a number of things: "1 task", "2 tasks"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_of(value: str, allowed: tuple[str, ...], name: str) -> None:
    """Refuse a choice that does not exist."""
    if value not in allowed:
        raise StatisticsError(f"{name} is {value!r}; allowed: {', '.join(allowed)}")


def read_only(array: Array) -> Array:
    """Return the array with writing disabled, for fields of frozen results."""
    array.flags.writeable = False
    return array
