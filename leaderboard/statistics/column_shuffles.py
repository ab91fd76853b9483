"""The null distribution of column sums when each row of a table is shuffled independently."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import Floats, Ints

MOST_STEPS = 200_000  # sums held at a time; up to 0.4 s in all
MOST_COLUMNS = 6


def exact_tail(rows: Ints) -> float | None:
    """Return P(squared column sums add up to the observed or more); None where enumeration takes too long.

    Rows are added one at a time; sums that are permutations of each other are one state, since the statistic
    does not tell columns apart.

    Args:
        rows: integers, (n, k).
    """
    if rows.shape[1] > MOST_COLUMNS:
        return None
    states: Ints = np.sort(rows[:1], axis=1)
    chances: Floats = np.ones(1)
    for row in rows[1:]:
        shuffles = np.unique(np.array(list(permutations(row)), dtype=np.int64), axis=0)
        if len(states) * len(shuffles) > MOST_STEPS:
            return None
        sums = np.sort((states[:, None, :] + shuffles[None, :, :]).reshape(-1, rows.shape[1]), axis=1)
        states, inverse = _unique_rows(sums)
        chances = np.bincount(inverse, weights=np.repeat(chances / len(shuffles), len(shuffles))).astype(float)
    observed = int((rows.sum(axis=0) ** 2).sum())
    return min(1.0, float(chances[(states**2).sum(axis=1) >= observed].sum()))


def monte_carlo_tail(rows: Ints, shuffles: int, rng: np.random.Generator) -> float:
    """Estimate the same chance from random shuffles, the observed table counted as one of them, so never 0.

    References:
        Phipson and Smyth (2010), "Permutation p-values should never be zero".
    """
    observed = int((rows.sum(axis=0) ** 2).sum())
    sums: Floats = np.zeros((shuffles, rows.shape[1]))
    for row in rows:
        sums += rng.permuted(np.tile(row.astype(np.float64), (shuffles, 1)), axis=1)
    return (1 + int(np.count_nonzero((sums**2).sum(axis=1) >= observed))) / (1 + shuffles)


def _unique_rows(rows: Ints) -> tuple[Ints, Ints]:
    """Return distinct rows and each row's number among them, by one integer key per row (faster than by axis)."""
    base = int(rows.max()) + 1
    keys = np.zeros(len(rows), dtype=np.int64)
    for column in rows.T[:-1]:  # the last follows from the others: the total is fixed
        keys = keys * base + column
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return rows[first], inverse
