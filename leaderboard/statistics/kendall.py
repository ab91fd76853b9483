"""Kendall's tau-b: how far two measurements order the same items alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from statistics import NormalDist
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.bootstrap import Interval
from nasbench_sparse.leaderboard.statistics.check import Floats, floats, fraction, same_shape
from nasbench_sparse.leaderboard.statistics.ranks import ROUNDING

EXACT_ITEMS = 60  # beyond, the normal approximation's error is below 0.001
EXACT_TIED_ITEMS = 8  # 40,320 orders
LEAST_ITEMS = 5  # of an interval: four say too little of how tau varies
_CHUNK = 4_000_000  # pairs held at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class KendallTau:
    """Rank correlation of two columns over items (configs, optimizers, ...).

    Args:
        tau: tau-b in [-1, 1]; None where a column is constant or fewer than two items are complete.
        p_value: two-sided, of no association; None where the items, ties included, cannot reach the level, or tau
            is None.
        smallest_p_value: that of the strongest association that the ties allow; NaN where tau is None.
        interval: jackknife on the scale of atanh(tau); None with fewer than five items, or where |tau| is 1 or
            does not change whichever item is left out.
        n: items complete in both columns; dropped: the others.
        tied_first, tied_second: pairs of items tied in either column; they neither agree nor disagree.
        exact: whether p counts all orders (at most 60 items, with ties 8) or is the normal approximation for ties.
    """

    tau: float | None
    p_value: float | None
    smallest_p_value: float
    interval: Interval | None
    n: int
    dropped: int
    tied_first: int
    tied_second: int
    exact: bool
    level: float
    unit: str

    @property
    def sentence(self) -> str:
        """Say tau, its p-value and interval, n, ties and missing items."""
        n = f"n = {self.n} {self.unit}" + (f", {self.dropped} incomplete left out" if self.dropped else "")
        ties = f"{self.tied_first} and {self.tied_second} tied pairs"
        if self.tau is None:
            return f"{n}; {ties}; tau-b is not defined: a column is constant or too few items are left."
        p = "too few" if self.p_value is None else f"{self.p_value:.3g} ({'exact' if self.exact else 'normal'})"
        interval = "no interval" if self.interval is None else self.interval.sentence
        return f"{n}; {ties}; tau-b {self.tau:.3g} {interval}; p: {p}."


def kendall_tau(first: Any, second: Any, *, unit: str = "items", level: float = 0.05) -> KendallTau:
    """Correlate two columns of the same items.

    Args:
        first, second: (n,), NaN where missing; an item that lacks either value is left out and counted.
        unit: what the items are ("configs", "optimizers"), said with n.
        level: of the test; the interval has coverage 1 - level.
    Raises:
        StatisticsError: unequal lengths, an infinite value, or no items.
    References:
        Kendall (1970), "Rank correlation methods"; jackknife: Arvesen (1969).
    """
    fraction(level, "level")
    x, y = floats(first, "first", (1,)), floats(second, "second", (1,))
    same_shape(x, y, "first and second")
    complete = ~(np.isnan(x) | np.isnan(y))
    x, y = x[complete], y[complete]
    n = len(x)
    agreement, apart_x, apart_y = _per_item(x, y)
    pairs = n * (n - 1) // 2
    tied = pairs - int(apart_x.sum()) // 2, pairs - int(apart_y.sum()) // 2
    exact = n <= (EXACT_ITEMS if tied == (0, 0) else EXACT_TIED_ITEMS)
    tau, p_value, smallest, interval = None, None, math.nan, None
    if n >= 2 and max(tied) < pairs:
        tau = _tau(agreement.sum() / 2, apart_x.sum() / 2, apart_y.sum() / 2)
        interval = _jackknife(tau, agreement, apart_x, apart_y, 1 - level)
        smallest = _smallest_p(x, y)
        if smallest <= level:
            p_value = _p_value(int(agreement.sum()) // 2, x, y, exact, smallest)
    return KendallTau(
        tau=tau,
        p_value=p_value,
        smallest_p_value=smallest,
        interval=interval,
        n=n,
        dropped=int((~complete).sum()),
        tied_first=tied[0],
        tied_second=tied[1],
        exact=exact,
        level=level,
        unit=unit,
    )


def _per_item(x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Return per item: agreeing less disagreeing pairs, pairs apart in x, pairs apart in y; (n,) each."""
    n = len(x)
    agreement, apart_x, apart_y = np.zeros(n), np.zeros(n), np.zeros(n)
    step = max(1, _CHUNK // max(n, 1))
    for start in range(0, n, step):
        rows = slice(start, start + step)
        sign_x = (x[rows, None] > x).view(np.int8) - (x[rows, None] < x).view(np.int8)  # (rows, n)
        sign_y = (y[rows, None] > y).view(np.int8) - (y[rows, None] < y).view(np.int8)
        agreement[rows] = (sign_x * sign_y).sum(axis=1)
        apart_x[rows] = np.count_nonzero(sign_x, axis=1)
        apart_y[rows] = np.count_nonzero(sign_y, axis=1)
    return agreement, apart_x, apart_y


def _tau(score: float, apart_x: float, apart_y: float) -> float:
    return float(min(1.0, max(-1.0, score / math.sqrt(apart_x * apart_y))))


def _jackknife(tau: float, agreement: Floats, apart_x: Floats, apart_y: Floats, level: float) -> Interval | None:
    """Leave each item out, and put the interval on atanh(tau), where its ends stay inside (-1, 1)."""
    n = len(agreement)
    score = agreement.sum() / 2 - agreement
    spread = (apart_x.sum() / 2 - apart_x) * (apart_y.sum() / 2 - apart_y)
    if n < LEAST_ITEMS or abs(tau) >= 1 or (spread <= 0).any():
        return None
    left_out = score / np.sqrt(spread)
    error = math.sqrt((n - 1) / n * float(((left_out - left_out.mean()) ** 2).sum())) / (1 - tau * tau)
    if error <= ROUNDING:
        return None
    half = NormalDist().inv_cdf((1 + level) / 2) * error
    return Interval(math.tanh(math.atanh(tau) - half), math.tanh(math.atanh(tau) + half), level, "jackknife")


def _smallest_p(x: Floats, y: Floats) -> float:
    """Return P(|S| is the largest possible) over all orders of y: both sorted, or one of them turned round.

    Orders differ in how many items fall into each pair of tie groups; cells c with margins t and u come up in
    prod(t!) prod(u!) / prod(c!) of the n! orders. Only those of sorted columns have the largest S, since from any
    other a discordant pair can be swapped; no pair is discordant there, so S counts those apart in both columns.
    """
    x, y = np.sort(x), np.sort(y)
    t, u = _group_sizes(x), _group_sizes(y)
    if len(t) == len(u) == len(x) > 1:  # no ties: all of the same order, or of the opposite one
        return 2 / math.factorial(len(x))
    found = []
    for turned in (y, y[::-1]):
        cells = _group_sizes(np.stack([x, turned]))
        score = sum(c * (c - 1) for c in cells) - sum(k * (k - 1) for k in (*t, *u))  # twice, less a constant
        found.append((score, _orders((*t, *u)) / (math.factorial(len(x)) * _orders(cells))))
    largest = max(score for score, _ in found)
    return min(1.0, sum(chance for score, chance in found if score == largest))


def _group_sizes(values: Floats) -> list[int]:
    """Count equal values, or equal columns."""
    return [int(count) for count in np.unique(values, axis=-1, return_counts=True)[1]]


def _orders(sizes: Sequence[int]) -> int:
    """Return in how many ways items can be ordered within groups of some sizes."""
    return math.prod(math.factorial(size) for size in sizes)


def _p_value(score: int, x: Floats, y: Floats, exact: bool, smallest: float) -> float:
    if not exact:
        return max(smallest, _normal_p(score, x, y))
    untied = len(np.unique(x)) == len(np.unique(y)) == len(x)
    return _exact_p(score, len(x)) if untied else _enumerated_p(score, x, y)


def _enumerated_p(score: int, x: Floats, y: Floats) -> float:
    """Return P(|S| >= |score|) over all orders of y, one by one."""
    orders = np.array(list(permutations(range(len(x)))))
    total = np.zeros(len(orders), dtype=np.int64)
    sign_x, sign_y = (np.sign(values[:, None] - values).astype(np.int64) for values in (x, y))
    for i, j in zip(*np.triu_indices(len(x), 1), strict=True):
        if sign_x[i, j]:
            total += sign_x[i, j] * sign_y[orders[:, i], orders[:, j]]
    return float(np.mean(np.abs(total) >= abs(score)))


def _exact_p(score: int, n: int) -> float:
    """Return P(|S| >= |score|) over all orders of n items, by counting inversions (Kendall 1970)."""
    pairs = n * (n - 1) // 2
    chance = np.zeros(pairs + 1)
    chance[0] = 1.0
    for size in range(2, n + 1):  # a further item adds 0 .. size - 1 inversions, each equally likely
        total = np.cumsum(chance)
        chance = (total - np.concatenate([np.zeros(size), total[:-size]])) / size
    inversions = (pairs - abs(score)) // 2
    return min(1.0, 2 * float(np.maximum(chance[: inversions + 1], 0).sum()))


def _normal_p(score: int, x: Floats, y: Floats) -> float:
    """Two-sided normal approximation with the variance for ties (Kendall 1970)."""
    n = len(x)
    t, u = (np.unique(values, return_counts=True)[1].astype(np.float64) for values in (x, y))
    all_pairs = n * (n - 1.0)
    variance = (
        all_pairs * (2 * n + 5) - (t * (t - 1) * (2 * t + 5)).sum() - (u * (u - 1) * (2 * u + 5)).sum()
    ) / 18
    variance += (t * (t - 1)).sum() * (u * (u - 1)).sum() / (2 * all_pairs)
    if n > 2:
        triples = (t * (t - 1) * (t - 2)).sum() * (u * (u - 1) * (u - 2)).sum()
        variance += triples / (9 * all_pairs * (n - 2))
    return math.erfc(abs(score) / math.sqrt(2 * float(variance)))
