"""Holm's step-down correction of a family of tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import StatisticsError, counted, floats, fraction


@dataclass(frozen=True, slots=True)
class Holm:
    """Adjusted p-values of a family of tests, in the order given; NaN where a test had none.

    Args:
        adjusted: comparable with `level` itself.
        rejected: whether adjusted <= level.
        tests: size of the family, tests without a p-value included.
        without: tests without a p-value; they stay in the family, so leaving one out helps no other.
    """

    adjusted: tuple[float, ...]
    rejected: tuple[bool, ...]
    level: float
    tests: int
    without: int

    @property
    def sentence(self) -> str:
        """Say the correction and how many tests were rejected."""
        if not self.tests:
            return f"n is too few for any test at {self.level:g}"
        if self.without == self.tests:
            return f"Holm over {counted(self.tests, 'test')} rejects none at {self.level:g}: no test had a p-value"
        text = f"Holm over {counted(self.tests, 'test')} rejects {sum(self.rejected)} at {self.level:g}"
        return text + (f"; {self.without} had no p-value" if self.without else "")


def holm(p_values: Any, level: float = 0.05) -> Holm:
    """Adjust p-values so that the chance of any false rejection in the family is at most `level`.

    Args:
        p_values: (tests,), NaN for a test that gave none.
    Raises:
        StatisticsError: no tests, or a p-value outside [0, 1].
    References:
        Holm (1979), "A simple sequentially rejective multiple test procedure".
    """
    p = floats(p_values, "p_values", (1,))
    fraction(level, "level")
    valid = p[~np.isnan(p)]
    if ((valid < 0) | (valid > 1)).any():
        raise StatisticsError("p_values must lie in [0, 1], or be NaN for a test that gave none")
    order = np.argsort(p, kind="stable")[: len(valid)]  # NaN sorts last
    factors = len(p) - np.arange(len(valid))
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p[order]), 1.0)
    return Holm(
        adjusted=tuple(float(a) for a in adjusted),
        rejected=tuple(bool(a <= level) for a in adjusted),
        level=level,
        tests=len(p),
        without=len(p) - len(valid),
    )


def holm_where_possible(p_values: Any, smallest: Any, level: float = 0.05) -> Holm:
    """Correct the tests that n allows to decide anything.

    A test whose smallest possible p-value exceeds the level is no member of the family; one that could not reach
    the corrected level, were every member at its smallest, stays in it without a p-value. Both depend on the sizes
    of the differences alone, never on their signs, so the chance of a false rejection stays what it was.

    Args:
        p_values: (tests,), NaN for a test that gave none.
        smallest: (tests,), the p-value of the most extreme outcome; NaN for a test that could not be made.
    Raises:
        StatisticsError: see `holm`.
    """
    p, least = floats(p_values, "p_values", (1,)), floats(smallest, "smallest", (1,))
    members = np.flatnonzero(least <= fraction(level, "level"))
    if not len(members):
        return replace(holm(np.full(len(p), np.nan), level), tests=0, without=0)
    reachable = np.array(holm(least[members], level).rejected)
    found = holm(np.where(reachable, p[members], np.nan), level)
    adjusted, rejected = np.full(len(p), np.nan), np.zeros(len(p), dtype=bool)
    adjusted[members], rejected[members] = found.adjusted, found.rejected
    return replace(found, adjusted=tuple(adjusted.tolist()), rejected=tuple(rejected.tolist()))
