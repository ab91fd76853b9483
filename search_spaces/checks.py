"""Checks of a config's fields that all spaces share; each error names the field and what it allows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from numbers import Real

from nasbench_sparse.core.config import Config, Value
from nasbench_sparse.errors import InvalidConfig, nearest

_SHOWN = 12


def check_fields(config: Config, required: Sequence[str], allowed: Iterable[str] = ()) -> None:
    """Check that a config holds every required field and, beside them, only allowed ones.

    Raises:
        InvalidConfig: naming an unknown or a missing field.
    """
    if len(config) == len(required) and all(name in config for name in required):
        return
    valid = dict.fromkeys((*required, *allowed))
    for name in config:
        if name not in valid:
            raise InvalidConfig(f"unknown config field {name!r}: {_hint(str(name), list(valid))}")
    for name in required:
        if name not in config:
            raise InvalidConfig(f"the config lacks field {name!r}; it needs {_listed(required)}")


def check_choice(field: str, value: object, allowed: Sequence[Value]) -> int:
    """Return the position of a value among those allowed.

    Raises:
        InvalidConfig: the value is not one of them.
    """
    for index, choice in enumerate(allowed):
        if value == choice:
            return index
    hint = _hint(value, [str(c) for c in allowed]) if isinstance(value, str) else f"allowed are {_listed(allowed)}"
    raise InvalidConfig(f"config field {field!r} is {value!r:.60}: {hint}")


def check_number(field: str, value: object, low: float, high: float, *, integer: bool = False) -> None:
    """Check a number in [low, high]; both ends are allowed a rounding error of 1e-9 of the range.

    Raises:
        InvalidConfig: not a finite number (a bool is none), not whole where it must be, or out of range.
    """
    kind = "an integer" if integer else "a number"
    if isinstance(value, bool) or not isinstance(value, Real) or (integer and not float(value).is_integer()):
        raise InvalidConfig(f"config field {field!r} is {value!r:.60}; it must be {kind} in [{low}, {high}]")
    slack = 1e-9 * (high - low)
    if not math.isfinite(value) or not low - slack <= float(value) <= high + slack:
        raise InvalidConfig(f"config field {field!r} is {value}; it must lie in [{low}, {high}]")


def _hint(name: str, valid: Sequence[str]) -> str:
    close = nearest(name, valid)
    if close:
        return f"did you mean {' or '.join(repr(c) for c in close)}?"
    return f"allowed are {_listed(valid)}"


def _listed(values: Sequence[object]) -> str:
    shown = ", ".join(repr(v) for v in values[:_SHOWN])
    return f"{shown}, ... ({len(values)} in all)" if len(values) > _SHOWN else shown
