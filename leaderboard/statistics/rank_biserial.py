"""Matched-pairs rank biserial correlation: the effect size that belongs to the signed-rank test."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import Floats, Ints


def rank_biserial(labels: Ints, signs: Floats) -> Callable[[Floats], Floats]:
    """Return the correlation as a function of the pairs' weights, for the estimate and its bootstrap alike.

    It is (R+ - R-) / (R+ + R-) with rank sums of non-zero differences: 1 where every difference is positive,
    0 where ranks balance, and 0 where every difference is zero.

    Args:
        labels: ordinal magnitudes of the differences, (n,), 0 for zero (which takes the lowest ranks, Pratt).
        signs: of the differences, (n,), -1, 0 or 1.
    Returns:
        Maps weights (m, n), how often each pair counts, to correlations (m,).
    References:
        Kerby (2014), "The simple difference formula".
    """
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    sign, counted = signs[order], np.abs(signs[order])

    def correlation(weights: Floats) -> Floats:
        weight = weights[:, order]  # (m, n)
        size = np.add.reduceat(weight, starts, axis=1)  # (m, groups)
        midrank = np.cumsum(size, axis=1) - size + (size + 1) / 2
        balance = (midrank * np.add.reduceat(weight * sign, starts, axis=1)).sum(axis=1)
        total = (midrank * np.add.reduceat(weight * counted, starts, axis=1)).sum(axis=1)
        result: Floats = np.divide(balance, total, out=np.zeros_like(balance), where=total > 0)
        return result

    return correlation
