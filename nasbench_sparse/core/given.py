"""Numbers as users give them, numpy's too: made Python's own where they come in."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from nasbench_sparse.errors import NbsError

LIMIT = 2**63


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def whole(name: str, value: Any, least: int | None = 0) -> int:
    """Return a whole number as an int.

    Raises:
        NbsError: it is none, below `least`, or too large to be stored.
    """
    if not is_whole(value) or (least is not None and value < least):
        raise NbsError(f"{name} is a whole number{'' if least is None else f' from {least}'}, not {value!r}")
    if not -LIMIT <= value < LIMIT:
        raise NbsError(f"{name} is a whole number of 64 bits with its sign, so below 2**63, not {value}")
    return int(value)


def finite(name: str, value: Any, *, above: float | None = None, least: float | None = None) -> float:
    """Return a finite number as an int or a float.

    Raises:
        NbsError: it is none, not above `above`, or below `least`.
    """
    if not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(value):
        number = int(value) if isinstance(value, Integral) else float(value)
        if (above is None or number > above) and (least is None or number >= least):
            return number
    bound = f" above {above:g}" if above is not None else "" if least is None else f" from {least:g}"
    raise NbsError(f"{name} is a finite number{bound}, not {value!r}")
