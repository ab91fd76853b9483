"""Kendall's tau-b between all columns of a table, and along a learning curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import (
    Floats,
    StatisticsError,
    counted,
    floats,
    items,
    read_only,
)
from nasbench_sparse.leaderboard.statistics.holm_correction import Holm, holm_where_possible
from nasbench_sparse.leaderboard.statistics.kendall import KendallTau, kendall_tau


@dataclass(frozen=True, slots=True, eq=False)
class AgreementMatrix:
    """Tau-b of every pair of columns: fidelities, replicates, measures, or tasks' rankings of optimizers.

    Args:
        names: of the columns, m of them.
        tau: (m, m), NaN where not defined; 1 on the diagonal of columns that vary.
        adjusted: p-values after Holm over the tests that the items can decide (see `correct_taus`), (m, m), NaN
            where they are too few, and on the diagonal.
        n: items complete in both columns, (m, m).
        pairs: the full result of each pair of columns i < j, in row order.
    """

    names: tuple[str, ...]
    tau: Floats
    adjusted: Floats
    n: Floats
    pairs: tuple[KendallTau, ...]
    correction: Holm

    @property
    def mean(self) -> float | None:
        """Mean tau of the pairs where it is defined; between replicates this is the noise ceiling."""
        defined = [pair.tau for pair in self.pairs if pair.tau is not None]
        return sum(defined) / len(defined) if defined else None

    @property
    def sentence(self) -> str:
        """Say the mean, how many pairs have none, and the correction."""
        undefined = sum(pair.tau is None for pair in self.pairs)
        n = [pair.n for pair in self.pairs]
        mean = "none" if self.mean is None else f"{self.mean:.3g}"
        span = f"{min(n)}" if min(n) == max(n) else f"{min(n)} to {max(n)}"
        items = f"n = {span} {self.pairs[0].unit}" + (f", {undefined} not defined" if undefined else "")
        return (
            f"tau-b of {counted(len(n), 'pair')} of columns over {items}: mean {mean}; {self.correction.sentence}."
        )


@dataclass(frozen=True, slots=True, eq=False)
class AgreementCurve:
    """Tau-b of each epoch's order with the target order: how early the order is known.

    Args:
        tau, low, high: per epoch, (epochs,), NaN where there is none.
        points: the full results.
    """

    tau: Floats
    low: Floats
    high: Floats
    points: tuple[KendallTau, ...]

    def first_reaching(self, threshold: float) -> int | None:
        """Return the first epoch (from 0) from which tau stays at the threshold or above; None if it never does."""
        reached = self.tau >= threshold  # NaN is below
        if not reached[-1]:
            return None
        below = np.flatnonzero(~reached)
        return int(below[-1]) + 1 if len(below) else 0

    @property
    def sentence(self) -> str:
        """Say the range of the curve and of n."""
        defined = self.tau[~np.isnan(self.tau)]
        n = [point.n for point in self.points]
        span = f"from {defined[0]:.3g} to {defined[-1]:.3g}" if len(defined) else "not defined anywhere"
        items = f"n = {min(n)} to {max(n)} {self.points[0].unit}"
        return f"tau-b with the target order over {len(self.tau)} epochs, {items}: {span}."


def agreement_matrix(
    table: Any, names: Sequence[str], *, unit: str = "items", level: float = 0.05
) -> AgreementMatrix:
    """Correlate every two columns of a table over the items they share.

    Args:
        table: (items, m), NaN where missing; items are rows.
        names: of the m columns, two or more.
        unit: what the items are, said with n.
    Raises:
        StatisticsError: fewer than two columns, another number of names, or two alike.
    """
    values = floats(table, "table", (2,))
    m, names = values.shape[1], items(names, "names")
    if m < 2 or not len(names) == len(set(names)) == m:
        raise StatisticsError(
            f"{m} columns and {len(set(names))} different names given; two or more columns, each with a name of "
            "its own, needed"
        )
    places = list(combinations(range(m), 2))
    pairs = tuple(kendall_tau(values[:, i], values[:, j], unit=unit, level=level) for i, j in places)
    correction = correct_taus(pairs, level)
    tau, adjusted, n = np.full((m, m), np.nan), np.full((m, m), np.nan), np.zeros((m, m))
    for i in range(m):
        own = values[~np.isnan(values[:, i]), i]
        tau[i, i] = 1.0 if len(np.unique(own)) > 1 else np.nan
        n[i, i] = len(own)
    for (i, j), pair, p in zip(places, pairs, correction.adjusted, strict=True):
        tau[i, j] = tau[j, i] = _number(pair.tau)
        adjusted[i, j] = adjusted[j, i] = p
        n[i, j] = n[j, i] = pair.n
    return AgreementMatrix(names, read_only(tau), read_only(adjusted), read_only(n), pairs, correction)


def correct_taus(taus: Sequence[KendallTau], level: float = 0.05) -> Holm:
    """Correct a family of tau-b's p-values by Holm; those that n and ties keep from the level are "too few"."""
    return holm_where_possible(
        [_number(one.p_value) for one in taus], [one.smallest_p_value for one in taus], level
    )


def agreement_curve(curves: Any, target: Any = None, *, unit: str = "items", level: float = 0.05) -> AgreementCurve:
    """Correlate the items' values at each epoch with their target values.

    Args:
        curves: (items, epochs), NaN where a curve ended earlier.
        unit: what the items are, said with n.
        target: (items,); None for the last epoch, whose own tau is then 1 by construction.
    Raises:
        StatisticsError: another number of target values than items.
    """
    values = floats(curves, "curves", (2,))
    goal = values[:, -1] if target is None else floats(target, "target", (1,))
    points = tuple(kendall_tau(column, goal, unit=unit, level=level) for column in values.T)
    intervals = [point.interval for point in points]
    return AgreementCurve(
        tau=read_only(np.array([_number(point.tau) for point in points])),
        low=read_only(np.array([np.nan if i is None else i.low for i in intervals])),
        high=read_only(np.array([np.nan if i is None else i.high for i in intervals])),
        points=points,
    )


def _number(value: float | None) -> float:
    return np.nan if value is None else value
