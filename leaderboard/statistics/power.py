"""How many units a signed-rank test needs."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal

from nasbench_sparse.leaderboard.statistics.check import StatisticsError, fraction, number, one_of, whole

Alternative = Literal["two-sided", "less", "greater"]
ALTERNATIVES = ("two-sided", "less", "greater")
_LEAST_EFFECT = 1e-100  # whose square is still a float


def smallest_p_value(n_blocks: int, alternative: Alternative = "two-sided") -> float:
    """Return the smallest p-value a signed-rank test of n independent blocks can give: all signs alike."""
    return min(1.0, 2.0 ** (-n_blocks) * (2 if alternative == "two-sided" else 1))


def needed_units(
    effect: float,
    *,
    level: float = 0.05,
    power: float = 0.8,
    alternative: Alternative = "two-sided",
    zeros: float = 0.0,
    tests: int = 1,
) -> int | None:
    """Return the independent pairs at which a signed-rank test rejects with the given power.

    Noether's normal approximation: n = (z_a + z_b)^2 / (3 (p - 1/2)^2), p the chance that the sum of two
    differences is positive; a rank biserial r estimates 2 p - 1, so n = 4 (z_a + z_b)^2 / (3 r^2). The
    approximation errs on the safe side: of normal differences, the power simulated at its n for 0.8 is 0.80 at
    r = 0.2, 0.85 at 0.5, 0.92 at 0.8; where 30 to 70 % of the pairs are zeros it is 0.77 to 1. Never fewer than the
    smallest n whose exact p-value can reach the level.

    Args:
        effect: rank biserial correlation in [-1, 1], as observed or as hoped for.
        level: of the test, or of its family.
        zeros: share of pairs that do not differ at all, in [0, 1); only the others tell anything.
        tests: of the family, for the power at the first step of Holm's correction, whose level is `level` / tests;
            1 for a test alone.
    Returns:
        n, or None for an effect of zero (or below 1e-100), which no n detects.
    Raises:
        StatisticsError: effect outside [-1, 1], level or power outside (0, 1), zeros outside [0, 1), fewer than
            one test, or another alternative.
    References:
        Noether (1987), "Sample size determination for some common nonparametric tests".
    """
    one_of(alternative, ALTERNATIVES, "alternative")
    fraction(power, "power")
    corrected = fraction(level, "level") / whole(tests, "tests", 1)
    if not -1.0 <= number(effect, "effect") <= 1.0:
        raise StatisticsError(f"effect is {effect}; a rank biserial correlation lies in [-1, 1]")
    if not 0.0 <= number(zeros, "zeros") < 1.0:
        raise StatisticsError(f"zeros is {zeros}; a share of zero differences lies in [0, 1)")
    if abs(effect) < _LEAST_EFFECT:
        return None
    tail = corrected / 2 if alternative == "two-sided" else corrected
    z = NormalDist().inv_cdf(1 - tail) + NormalDist().inv_cdf(power)
    reachable = math.ceil(-math.log2(tail) - 1e-9)
    differing = max(math.ceil(4 * z * z / (3 * effect * effect)), reachable)
    return math.ceil(differing / (1 - zeros) - 1e-9)
