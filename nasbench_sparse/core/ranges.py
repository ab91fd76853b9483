"""Numbers of declarations: what kind they are and which range they lie in, said in one sentence."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TypeGuard

from nasbench_sparse.errors import TaskError


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a finite number."""
    return isinstance(value, Real) and math.isfinite(value)


def check_whole(name: str, value: object, least: int = 1) -> None:
    """Check a count.

    Raises:
        TaskError: it is no whole number, or below `least`.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise TaskError(f"{name} is {value!r}; allowed are whole numbers from {least}")


def check_number(name: str, value: object, *, least: float = -math.inf, below: float = math.inf) -> None:
    """Check a finite number, from `least` on and less than `below`.

    Raises:
        TaskError: it is none, or lies outside.
    """
    if not (is_number(value) and least <= value < below):
        raise TaskError(f"{name} is {value!r}; allowed are {_allowed(least, below)}")


def check_numbers(name: str, value: object, *, least: float = -math.inf, below: float = math.inf) -> None:
    """Check a tuple or list of finite numbers, from `least` on and less than `below`.

    Raises:
        TaskError: it is none, or a number lies outside.
    """
    if not isinstance(value, tuple | list):
        raise TaskError(f"{name} is {value!r}; allowed is a tuple of {_allowed(least, below)}")
    for number in value:
        check_number(f"a number of {name}", number, least=least, below=below)


def check_positive(name: str, value: object) -> None:
    """Check a finite number above 0.

    Raises:
        TaskError: it is none, or not above 0.
    """
    if not (is_number(value) and value > 0):
        raise TaskError(f"{name} is {value!r}; allowed are finite numbers above 0")


def check_share(name: str, value: object) -> None:
    """Check a share of a whole.

    Raises:
        TaskError: it is no number, or lies outside [0, 1].
    """
    if not (is_number(value) and 0 <= value <= 1):
        raise TaskError(f"{name} {value!r} lies outside [0, 1]")


def _allowed(least: float, below: float) -> str:
    start = "" if least == -math.inf else f" from {least:g}"
    return f"finite numbers{start}" if below == math.inf else f"numbers{start} and below {below:g}"
