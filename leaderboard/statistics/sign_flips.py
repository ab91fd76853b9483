"""The null distribution of a sum whose terms' signs are independent fair coins."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import Ints

EXACT_TERMS = 200  # 0.05 s; beyond, the normal approximation of a tail errs by less than 0.001
EXACT_WIDTH = 400_000


def is_exact(terms: Ints) -> bool:
    """Tell whether `upper_tail` enumerates: at most 200 non-zero terms of a moderate sum."""
    return int(np.count_nonzero(terms)) <= EXACT_TERMS and _width(terms) <= EXACT_WIDTH


def upper_tail(terms: Ints, observed: int) -> float:
    """Return P(sum of +-terms >= observed), every sign an independent fair coin.

    Exact by dynamic programming over the integer terms where `is_exact`; otherwise the normal approximation
    whose variance is the sum of squared terms, which holds ties and zeros without further correction.

    Args:
        terms: the integers observed, of either sign, (n,); zeros stay zero.
        observed: the sum of terms, or its negative.
    """
    sizes = np.abs(terms[terms != 0])
    if len(sizes) == 0:
        return 1.0
    if not is_exact(terms):
        return NormalDist().cdf(-observed / math.sqrt(float((sizes.astype(np.float64) ** 2).sum())))
    unit = int(np.gcd.reduce(sizes))
    sizes = sizes // unit
    total = int(sizes.sum())
    chance = np.zeros(total + 1)  # of the sum of the terms whose coin shows plus
    chance[0] = 1.0
    for size in sizes:
        chance[size:] = (chance[size:] + chance[: total + 1 - size]) / 2
        chance[:size] /= 2
    return min(1.0, float(chance[(observed // unit + total) // 2 :].sum()))


def _width(terms: Ints) -> int:
    sizes = np.abs(terms[terms != 0])
    return int(sizes.sum() // np.gcd.reduce(sizes)) if len(sizes) else 0
