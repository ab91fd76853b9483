"""Friedman's test: do contenders' ranks differ over units more than chance would have it?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import (
    Floats,
    Ints,
    StatisticsError,
    fraction,
    generator,
    whole,
)
from nasbench_sparse.leaderboard.statistics.column_shuffles import exact_tail, monte_carlo_tail
from nasbench_sparse.leaderboard.statistics.ranks import row_midranks
from nasbench_sparse.leaderboard.statistics.units import Unit, Units, describe_units, gather_units

FEW_UNITS = 10  # below, F rejects up to 6.0 % of simulated null tables at 5 %; from here on at most 5.3 %


@dataclass(frozen=True, slots=True, kw_only=True)
class Friedman:
    """Result of a Friedman test of k contenders over n units.

    Args:
        average_ranks: of each contender; 1 is the lowest loss, ties share the mean of their places.
        chi_square: Friedman's statistic with the correction for ties, k - 1 degrees of freedom.
        f_statistic: Iman and Davenport's, k - 1 and (k - 1)(n - 1) degrees of freedom; infinite where all agree.
        p_value: None where even full agreement of all blocks could not reach the level ("too few").
        smallest_p_value: of full agreement, k!^(1 - blocks).
        method: how p was found: "exact", "Iman-Davenport F", "Monte Carlo, ... permutations", or "none".
        effective_n: `Units.effective_n`; n where nothing is blocked.
        tied_units: units in which some contenders tie.
    """

    names: tuple[str, ...]
    average_ranks: tuple[float, ...]
    chi_square: float
    f_statistic: float
    p_value: float | None
    smallest_p_value: float
    method: str
    level: float
    n: int
    n_blocks: int
    unit: Unit
    dropped: int
    tied_units: int
    effective_n: float

    @property
    def rejected(self) -> bool:
        """Whether the contenders' ranks differ at the level."""
        return self.p_value is not None and self.p_value <= self.level

    @property
    def sentence(self) -> str:
        """Say the result with n, its unit, ties and holes."""
        p = (
            f"too few (the smallest possible is {self.smallest_p_value:.3g})"
            if self.p_value is None
            else f"{self.p_value:.3g} ({self.method})"
        )
        where = describe_units(self.n, self.n_blocks, self.unit, self.dropped)
        return (
            f"{where}; {len(self.names)} contenders, ties in {self.tied_units} of {self.n} {self.unit}; "
            f"Friedman chi-square {self.chi_square:.3g}, F {self.f_statistic:.3g}, p: {p}."
        )


def friedman(
    contenders: Mapping[str, Any],
    *,
    unit: Unit,
    rng: np.random.Generator,
    families: Sequence[str] | None = None,
    level: float = 0.05,
    permutations: int = 10_000,
) -> Friedman:
    """Test whether contenders rank alike.

    Under the null, contenders may be exchanged within a unit; with families, in all tasks of a family alike. That
    permutation distribution is enumerated where it is small. Otherwise p comes from random permutations of fewer
    than ten units or of families, and from Iman and Davenport's F of more.

    Args:
        contenders: losses by name, shapes as `gather_units` takes them; three or more, since two are
            compared by the signed-rank test.
        rng: draws the permutations, where any are needed.
        permutations: how many to draw, where any are needed.
    Raises:
        StatisticsError: fewer than three contenders; else see `gather_units`.
    References:
        Friedman (1937); Iman and Davenport (1980); Demsar (2006), section 3.2.2.
    """
    return friedman_units(gather_units(contenders, unit=unit, families=families), rng, level, permutations)


def friedman_units(
    units: Units, rng: np.random.Generator, level: float = 0.05, permutations: int = 10_000
) -> Friedman:
    """Test units already gathered; see `friedman`."""
    fraction(level, "level")
    whole(permutations, "permutations", 100)
    generator(rng)
    n, k = units.values.shape
    if k < 3:
        raise StatisticsError(f"Friedman's test needs three contenders, got {k}; compare two by signed_rank")
    ranks = row_midranks(units.values)
    chi_square, f_statistic = friedman_statistics(ranks)
    smallest = math.exp(-math.lgamma(k + 1) * (units.n_blocks - 1))
    p_value, method = None, "none"
    if smallest <= level:
        p_value, method = _p_value(units, ranks, f_statistic, smallest, rng, permutations)
    return Friedman(
        names=units.names,
        average_ranks=tuple(float(r) for r in ranks.mean(axis=0)),
        chi_square=chi_square,
        f_statistic=f_statistic,
        p_value=p_value,
        smallest_p_value=smallest,
        method=method,
        level=level,
        n=n,
        n_blocks=units.n_blocks,
        unit=units.unit,
        dropped=len(units.dropped),
        effective_n=units.effective_n,
        tied_units=sum(len(np.unique(row)) < k for row in units.values),
    )


def friedman_statistics(ranks: Floats) -> tuple[float, float]:
    """Return chi-square, corrected for ties, and Iman and Davenport's F of ranks (n, k); 0 where all tie.

    References:
        Conover (1999), section 5.8.
    """
    n, k = ranks.shape
    center = (k + 1) / 2
    spread = float(((ranks - center) ** 2).sum())
    if spread == 0:
        return 0.0, 0.0
    between = n * float(((ranks.mean(axis=0) - center) ** 2).sum())
    chi_square = (k - 1) * n * between / spread
    rest = spread - between
    return chi_square, (n - 1) * between / rest if rest > 1e-12 * spread else math.inf


def _p_value(
    units: Units,
    ranks: Floats,
    f_statistic: float,
    smallest: float,
    rng: np.random.Generator,
    permutations: int,
) -> tuple[float, str]:
    sums = _block_sums(units, ranks)
    exact = exact_tail(sums)
    if exact is not None:
        return exact, "exact"
    if units.blocked or units.n < FEW_UNITS:
        return monte_carlo_tail(sums, permutations, rng), f"Monte Carlo, {permutations:,} permutations"
    from scipy.special import fdtrc

    n, k = ranks.shape
    return max(smallest, float(fdtrc(k - 1, (k - 1) * (n - 1), f_statistic))), "Iman-Davenport F"


def _block_sums(units: Units, ranks: Floats) -> Ints:
    """Add up doubled ranks within blocks, (blocks, k) integers."""
    doubled = np.rint(2 * ranks).astype(np.int64)
    sums = np.zeros((units.n_blocks, ranks.shape[1]), dtype=np.int64)
    np.add.at(sums, units.blocks, doubled)
    return sums
