"""How many units a signed-rank test needs."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal

from nasbench_sparse.leaderboard.statistics.check import StatisticsError, fraction

Alternative = Literal["two-sided", "less", "greater"]


def smallest_p_value(n_blocks: int, alternative: Alternative = "two-sided") -> float:
    """Return the smallest p-value a signed-rank test of n independent blocks can give: all signs alike."""
    return min(1.0, 2.0 ** (-n_blocks) * (2 if alternative == "two-sided" else 1))


def needed_units(
    effect: float, *, level: float = 0.05, power: float = 0.8, alternative: Alternative = "two-sided"
) -> int | None:
    """Return the independent pairs at which a signed-rank test rejects with the given power.

    Noether's normal approximation: n = (z_a + z_b)^2 / (3 (p - 1/2)^2), p the chance that the sum of two
    differences is positive; a rank biserial r estimates 2 p - 1, so n = 4 (z_a + z_b)^2 / (3 r^2). The
    approximation errs on the safe side: of normal differences, the power simulated at its n for 0.8 is 0.80 at
    r = 0.2, 0.85 at 0.5, 0.92 at 0.8. Never fewer than the smallest n whose exact p-value can reach the level.

    Args:
        effect: rank biserial correlation in [-1, 1], as observed or as hoped for.
        level: of the test; divide by the family's size for the first step of Holm's correction.
    Returns:
        n, or None for an effect of zero, which no n detects.
    Raises:
        StatisticsError: effect outside [-1, 1], level or power outside (0, 1).
    References:
        Noether (1987), "Sample size determination for some common nonparametric tests".
    """
    fraction(level, "level")
    fraction(power, "power")
    if not -1.0 <= effect <= 1.0:
        raise StatisticsError(f"effect is {effect}; a rank biserial correlation lies in [-1, 1]")
    if effect == 0:
        return None
    tail = level / 2 if alternative == "two-sided" else level
    z = NormalDist().inv_cdf(1 - tail) + NormalDist().inv_cdf(power)
    reachable = math.ceil(-math.log2(tail) - 1e-9)
    return max(math.ceil(4 * z * z / (3 * effect * effect)), reachable)
