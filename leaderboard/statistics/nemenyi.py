"""Nemenyi's test of all pairs: how far apart average ranks must be, whichever two are looked at."""

from __future__ import annotations

import math

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import StatisticsError, fraction, number, whole

_GRID = np.linspace(-9.0, 9.0, 2001)  # beyond, the normal density is below 1e-18


def nemenyi_difference(contenders: int, n: float, level: float = 0.05) -> float:
    """Return the difference of average ranks from which two of k contenders differ over n independent units.

    It is q sqrt(k (k + 1) / (6 n)), q the studentized range's quantile at infinite degrees of freedom over sqrt(2).

    Args:
        n: units, or of blocked units `Units.effective_n`.
    Raises:
        StatisticsError: fewer than two contenders, less than one unit, a level outside (0, 1), or no number.
    References:
        Nemenyi (1963); Demsar (2006), table 5 a and section 3.2.2.
    """
    fraction(level, "level")
    scale = _scale(contenders, n)
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _range_tail(middle, contenders) > level else (low, middle)
    return high * scale


def nemenyi_p_value(difference: float, contenders: int, n: float) -> float:
    """Return the chance, were all alike, that some two of k contenders' average ranks are as far apart or farther.

    It is corrected for all k (k - 1) / 2 pairs already, and at most 5 % where `nemenyi_difference` is reached.

    Raises:
        StatisticsError: fewer than two contenders, less than one unit, or no number.
    """
    return _range_tail(abs(number(difference, "difference")) / _scale(contenders, n), contenders)


def _scale(contenders: int, n: float) -> float:
    """Return the standard error of an average rank, the unit in which their range is measured."""
    whole(contenders, "contenders", 2)
    if number(n, "n") < 1:
        raise StatisticsError(f"n is {n:g}; at least one unit is needed")
    return math.sqrt(contenders * (contenders + 1) / (12 * n))


def _range_tail(width: float, count: int) -> float:
    """Return P(range of `count` standard normal values > width).

    1 - k times the integral of phi(z) (Phi(z) - Phi(z - width))^(k - 1) over the largest value z.
    """
    from scipy.special import ndtr

    density = np.exp(-(_GRID**2) / 2) / math.sqrt(2 * math.pi)
    inside = density * (ndtr(_GRID) - ndtr(_GRID - width)) ** (count - 1)
    below = count * float(inside.sum()) * float(_GRID[1] - _GRID[0])  # smooth and zero at the ends: exact
    return min(1.0, max(0.0, 1.0 - below))
