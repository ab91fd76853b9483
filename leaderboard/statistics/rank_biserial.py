"""Matched-pairs rank biserial correlation: the effect size that belongs to the signed-rank test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import Floats, Ints

Zeros = Literal["pratt", "wilcox"]
"""What becomes of zero differences: ranked, then left out of the sums; or left out before ranking."""


def rank_biserial(labels: Ints, signs: Floats, zero_rule: Zeros = "pratt") -> Callable[[Floats], Floats]:
    """Return the correlation as a function of the pairs' weights, for the estimate and its bootstrap alike.

    It is (R+ - R-) / (R+ + R-) with rank sums of non-zero differences: 1 where every difference is positive,
    0 where ranks balance, and 0 where every difference is zero.

    Args:
        labels: ordinal magnitudes of the differences, (n,), 0 for zero (which takes the lowest ranks, if any).
        signs: of the differences, (n,), -1, 0 or 1.
    Returns:
        Maps weights (m, n), how often each pair counts, to correlations (m,).
    References:
        Kerby (2014), "The simple difference formula".
    """
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    sign, zeros = signs[order], int((labels == 0).sum())

    def correlation(weights: Floats) -> Floats:
        weight = np.take(weights, order, axis=1)  # (m, n)
        zero = weight[:, :zeros].sum(axis=1)
        size, signed = (_grouped(given, starts) for given in (weight, weight * sign))  # (m, groups)
        doubled = 2 * np.cumsum(size, axis=1) - size + 1  # midranks, Pratt's
        balance = np.einsum("mg,mg->m", doubled, signed)
        if zero_rule == "wilcox":
            balance -= 2 * zero * signed.sum(axis=1)
        return _ratio(balance, weight.sum(axis=1), zero, zero_rule)

    return correlation


def without_each(labels: Ints, signs: Floats, zero_rule: Zeros = "pratt") -> Floats:
    """Return the correlation without each pair in turn, (n,): `rank_biserial` with weights 1, one of which is 0.

    Without a pair, those above it have a rank less, and those tied with it half a rank.
    """
    ranked = (labels > 0) | (zero_rule == "pratt")
    count = np.bincount(labels)
    if zero_rule == "wilcox":
        count[0] = 0
    doubled = (2 * np.cumsum(count) - count + 1)[labels] * signs
    tied = np.bincount(labels, weights=signs)
    lost = 2 * (tied.sum() - np.cumsum(tied)) + tied
    balance = doubled.sum() - doubled - np.where(ranked, lost[labels] - signs, 0.0)
    zero = (labels == 0).sum() - (labels == 0)
    return _ratio(balance, np.full(len(labels), len(labels) - 1.0), zero, zero_rule)


def _grouped(values: Floats, starts: Ints) -> Floats:
    """Add up what ties, (m, n) -> (m, groups)."""
    return values if len(starts) == values.shape[1] else np.add.reduceat(values, starts, axis=1)


def _ratio(balance: Floats, units: Floats, zero: Floats, zero_rule: Zeros) -> Floats:
    """Divide a doubled balance by the doubled sum of the ranks of non-zero differences."""
    differing = units - zero
    total = differing * (differing + 1 + (2 * zero if zero_rule == "pratt" else 0))
    result: Floats = np.divide(balance, total, out=np.zeros_like(balance), where=total > 0)
    return result
