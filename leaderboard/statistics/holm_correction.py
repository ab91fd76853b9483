"""Holm's step-down correction of a family of tests."""

from __future__ import annotations

from dataclasses import dataclass
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
