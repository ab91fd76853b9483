"""All pairs of contenders, or all against one, by signed-rank tests with Holm's correction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from nasbench_sparse.errors import unknown
from nasbench_sparse.leaderboard.statistics.holm_correction import Holm, holm_where_possible
from nasbench_sparse.leaderboard.statistics.power import Alternative
from nasbench_sparse.leaderboard.statistics.rank_biserial import Zeros
from nasbench_sparse.leaderboard.statistics.units import Unit, Units, gather_units
from nasbench_sparse.leaderboard.statistics.wilcoxon import TOO_FEW, SignedRank, compare_columns


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test of a family: the first contender's losses minus the second's.

    Args:
        adjusted: Holm's p-value; None where n is too few to reach the corrected level.
        rejected: whether the two differ at the family's level.
    """

    first: str
    second: str
    test: SignedRank
    adjusted: float | None
    rejected: bool

    @property
    def sentence(self) -> str:
        """Say the comparison, its corrected p-value first."""
        p = TOO_FEW if self.adjusted is None else f"{self.adjusted:.3g}"
        return f"{self.first} against {self.second}: p after Holm {p}; {self.test.sentence}"


@dataclass(frozen=True, slots=True)
class Pairwise:
    """A family of comparisons on the same units, with its correction."""

    comparisons: tuple[Comparison, ...]
    correction: Holm
    units: str

    @property
    def sentence(self) -> str:
        """Say the units and the correction."""
        return f"{self.units}; {self.correction.sentence}."

    def rejected(self, first: str, second: str) -> bool:
        """Tell whether two contenders differ, in either order."""
        return any(c.rejected for c in self.comparisons if {c.first, c.second} == {first, second})


def pairwise(
    contenders: Mapping[str, Any],
    *,
    unit: Unit,
    rng: np.random.Generator,
    families: Sequence[str] | None = None,
    control: str | None = None,
    alternative: Alternative = "two-sided",
    zero_rule: Zeros = "pratt",
    level: float = 0.05,
    resamples: int = 2000,
) -> Pairwise:
    """Compare contenders two by two, on the units that are complete for all of them.

    A test that n cannot decide (see `holm_where_possible`) has its p-value replaced by "too few"; its effect and
    interval stand. Effects' intervals are not corrected.

    Args:
        contenders: losses by name, shapes as `gather_units` takes them.
        control: compare every other contender against this one (which is the second); None for all pairs.
        alternative: "less": the first of a pair has the lower loss; "two-sided" for all pairs as a rule.
        resamples: of the bootstrap; 0 for tests without intervals.
    Raises:
        UnknownName: no contender is called `control`.
        StatisticsError: see `gather_units`.
    """
    if control is not None and control not in contenders:
        raise unknown("contender", control, contenders)
    units = gather_units(contenders, unit=unit, families=families)
    return pairwise_units(units, rng, control, alternative, zero_rule, level, resamples)


def pairwise_units(
    units: Units,
    rng: np.random.Generator,
    control: str | None = None,
    alternative: Alternative = "two-sided",
    zero_rule: Zeros = "pratt",
    level: float = 0.05,
    resamples: int = 2000,
) -> Pairwise:
    """Compare units already gathered; see `pairwise`."""
    names = units.names
    pairs = list(combinations(names, 2)) if control is None else [(n, control) for n in names if n != control]
    tests = [
        compare_columns(units, names.index(a), names.index(b), rng, alternative, zero_rule, level, resamples)
        for a, b in pairs
    ]
    p_values = [np.nan if test.p_value is None else test.p_value for test in tests]
    correction = holm_where_possible(p_values, [test.smallest_p_value for test in tests], level)
    decided = [not math.isnan(adjusted) for adjusted in correction.adjusted]
    tests = [replace(test, tests=max(correction.tests, 1)) for test in tests]
    tests = [test if ok else replace(test, p_value=None) for test, ok in zip(tests, decided, strict=True)]
    comparisons = tuple(
        Comparison(a, b, test, None if test.p_value is None else adjusted, rejected)
        for (a, b), test, adjusted, rejected in zip(
            pairs, tests, correction.adjusted, correction.rejected, strict=True
        )
    )
    return Pairwise(comparisons, correction, units.sentence)
