"""Histograms of weights on ranges of their own, added up on one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import Floats

TAILS, FINE = 4.0, 64
"""Deviations that a normal histogram spans in either direction, and its bins."""


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """How many values lie in each of equal bins from -limit to limit, (bins,); their number is even."""

    limit: float
    counts: Floats

    @property
    def edges(self) -> Floats:
        """Edges of the bins, (bins + 1,)."""
        return np.linspace(-self.limit, self.limit, len(self.counts) + 1)

    @property
    def middles(self) -> Floats:
        """Middles of the bins, (bins,)."""
        middles: Floats = (self.edges[1:] + self.edges[:-1]) / 2
        return middles

    @property
    def shares(self) -> Floats:
        """Share of all values in each bin, (bins,)."""
        shares: Floats = self.counts / self.counts.sum()
        return shares

    @property
    def deviation(self) -> float:
        """Standard deviation, to within half a bin."""
        centred = self.middles - float(self.shares @ self.middles)
        return math.sqrt(float(self.shares @ centred**2))

    def side(self, sign: int) -> tuple[float, float]:
        """Return how many values there are of a sign, and their sum to within half a bin each."""
        counts = np.where(np.sign(self.middles) == sign, self.counts, 0.0)
        return float(counts.sum()), float(counts @ self.middles)

    def on(self, limit: float, bins: int) -> Histogram:
        """Return it on another range; the values of a bin that lies across edges are shared in proportion."""
        edges = np.linspace(-limit, limit, bins + 1)
        below = np.append(0.0, np.cumsum(self.counts))
        return Histogram(limit, np.diff(np.interp(edges, self.edges, below)))


def widest(histograms: Sequence[Histogram]) -> float:
    """Return the largest limit; 0 where no value differs from 0."""
    return max((one.limit for one in histograms), default=0.0)


def summed(histograms: Sequence[Histogram], limit: float, bins: int) -> Histogram:
    """Add histograms up on one range, at least the widest of theirs; those of zeros alone are left out."""
    counts = [one.on(limit, bins).counts for one in histograms if one.limit > 0.0]
    return Histogram(limit, np.sum(counts or [np.zeros(bins)], axis=0))


def centroid(histograms: Sequence[Histogram], sign: int) -> float | None:
    """Return the mean of all values of a sign, to within half a bin; None where there are none."""
    counts, sums = zip(*(one.side(sign) for one in histograms), strict=True)
    return sum(sums) / sum(counts) if sum(counts) else None


def normal(deviation: float, count: float) -> Histogram:
    """Return what is expected of so many values of a normal distribution around 0."""
    limit = TAILS * deviation
    below = [math.erf(edge / deviation / math.sqrt(2)) / 2 for edge in np.linspace(-limit, limit, FINE + 1)]
    return Histogram(limit, count * np.diff(below))
