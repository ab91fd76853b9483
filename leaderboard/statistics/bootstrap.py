"""Intervals: blocks of units resampled with replacement by a generator, and Student's of the mean of few."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from statistics import NormalDist

import numpy as np

from nasbench_sparse.leaderboard.statistics.check import (
    Floats,
    Ints,
    StatisticsError,
    floats,
    fraction,
    generator,
    read_only,
    resample_count,
)
from nasbench_sparse.leaderboard.statistics.ranks import ROUNDING

FEW_BLOCKS = 10  # below, the bootstrap of a mean misses its level
_CHUNK = 131_072  # weights held at a time; a megabyte stays in the processor's cache


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of nominal coverage `level`; `method` says how it was made and from how many resamples."""

    low: float
    high: float
    level: float
    method: str

    @property
    def sentence(self) -> str:
        """Say the interval."""
        return f"[{self.low:.3g}, {self.high:.3g}] ({100 * self.level:g} %, {self.method})"


def resampled_weights(blocks: Ints, resamples: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield how often each unit is drawn, (some resamples, n), when blocks are drawn with replacement."""
    count = int(blocks.max()) + 1
    step = max(1, _CHUNK // len(blocks))
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = rng.integers(count, size=(rows, count)) + np.arange(rows)[:, None] * count
        weights = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count)
        yield weights[:, blocks].astype(np.float64)


@cache
def every_resample(count: int) -> tuple[Floats, Floats]:
    """Return each way to draw as many blocks with replacement, how often each is drawn, and the way's probability.

    Returns:
        Counts (ways, count) and probabilities (ways,); there are (2 count - 1) over count ways, 24,310 of 9 blocks.
    """
    slots = 2 * count - 1  # of drawn blocks, and of bars between one block's and the next's
    bars = np.array([(-1, *some, slots) for some in combinations(range(slots), count - 1)])
    counts = np.diff(bars, axis=1) - 1
    logarithms = np.array([math.lgamma(n + 1) for n in range(count + 1)])
    chances = np.exp(logarithms[count] - logarithms[counts].sum(axis=1) - count * math.log(count))
    return read_only(counts.astype(np.float64)), read_only(chances / chances.sum())


def small_sample_factor(n: int, level: float) -> float:
    """Return by how much a bootstrap interval of a mean of n values is too narrow.

    Resampling takes the standard deviation with divisor n and the normal quantile where n - 1 and Student's belong.

    References:
        Hesterberg (2015), "What teachers should know about the bootstrap", the expanded percentile interval.
    """
    return math.sqrt(n / (n - 1)) * student_factor(n - 1, level)


def student_factor(degrees: float, level: float) -> float:
    """Return the ratio of Student's two-sided quantile, of some degrees of freedom, to the normal one."""
    from scipy.special import stdtrit

    tail = (1 + level) / 2
    return float(stdtrit(degrees, tail)) / NormalDist().inv_cdf(tail)


def tail_quantiles(resampled: Floats, level: float, factor: float = 1.0) -> tuple[Floats, Floats]:
    """Return the ends that a normal quantile, widened by a factor, cuts off: (resamples, ...) -> (...).

    References:
        Efron and Tibshirani (1993), section 13.3, where the factor is 1.
    """
    tail = NormalDist().cdf(-factor * NormalDist().inv_cdf((1 + level) / 2))
    low, high = np.quantile(resampled, [tail, 1 - tail], axis=0)
    return low, high


def bca_interval(
    resampled: Floats,
    estimate: float,
    left_out: Floats,
    level: float,
    factor: float = 1.0,
    chances: Floats | None = None,
) -> Interval:
    """Correct the percentiles for bias and acceleration.

    Args:
        resampled: statistic of each resample, (resamples,).
        chances: probability of each where all there are are given, (resamples,); None where they were drawn.
        estimate: the statistic itself.
        left_out: the statistic without each block in turn, (blocks,), which gives the acceleration.
        factor: widens the normal quantiles, see `small_sample_factor`.
    References:
        Efron (1987), "Better bootstrap confidence intervals"; Efron and Tibshirani (1993), section 14.3.
    """
    normal = NormalDist()
    count = len(resampled)
    rounding = 1e-9 * float(np.ptp(resampled))  # resamples that equal the estimate may differ in their last bits
    each = np.full(count, 1 / count) if chances is None else chances
    below = sum(float(each[resampled < estimate + shift].sum()) for shift in (-rounding, rounding)) / 2
    least = float(each.min()) / 2
    bias = normal.inv_cdf(min(max(below, least), 1 - least))
    acceleration = _skewness(left_out.mean() - left_out) / 6
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        shifted = bias + factor * normal.inv_cdf(tail)
        stretch = 1 - acceleration * shifted
        ends.append(normal.cdf(bias + shifted / stretch) if stretch > 0 else float(tail > 0.5))
    if chances is None:
        low, high = np.quantile(resampled, ends)
        return Interval(float(low), float(high), level, f"BCa bootstrap, {count:,} resamples")
    low, high = np.quantile(resampled, ends, weights=chances, method="inverted_cdf")
    return Interval(float(low), float(high), level, f"BCa bootstrap, all {count:,} resamples")


def _skewness(deviation: Floats) -> float:
    """Return the sum of cubes over the sum of squares to the 3/2, scaled so that neither under- nor overflows."""
    largest = float(np.abs(deviation).max())
    if largest == 0:
        return 0.0
    scaled = deviation / largest
    return float((scaled**3).sum() / (scaled**2).sum() ** 1.5)


def weighted_interval(
    statistic: Callable[[Floats], Floats],
    blocks: Ints,
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    factor: float = 1.0,
    left_out: Floats | None = None,
) -> Interval | None:
    """Return the BCa interval of a statistic written as a function of the units' weights.

    Args:
        statistic: maps weights (m, n) to values (m,); weight 1 everywhere gives the estimate.
        blocks: block of each unit, (n,), numbered from 0.
        resamples: to draw; where the blocks can be drawn in no more ways, all of them are taken instead.
        factor: see `bca_interval`.
        left_out: see `bca_interval`, where there is a shorter way to it than weights of 0, blocks times n of them.
    Returns:
        The interval, or None with fewer than two blocks, or where no resample differs (nothing to infer from).
    Raises:
        StatisticsError: level or number of resamples outside what is allowed.
    """
    fraction(level, "level")
    resample_count(resamples)
    generator(rng)
    count = int(blocks.max()) + 1
    if count < 2:
        return None
    chances = None
    if math.comb(2 * count - 1, count) <= resamples:
        counts, chances = every_resample(count)
        values = statistic(counts[:, blocks])
    else:
        values = np.concatenate([statistic(weights) for weights in resampled_weights(blocks, resamples, rng)])
    if values.min() == values.max():
        return None
    estimate = float(statistic(np.ones((1, len(blocks))))[0])
    if left_out is None:
        left_out = statistic((blocks[None, :] != np.arange(count)[:, None]).astype(np.float64))
    return bca_interval(values, estimate, left_out, level, factor, chances)


def weighted_mean_interval(
    values: Floats, blocks: Ints, rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000
) -> Interval | None:
    """Return an interval of the mean of units' values, (n,); None as above.

    It is Student's of fewer than ten blocks, and BCa, widened, of more. A nominal 95 % covered, of 3 to 9 single
    values, in 95 % of 40,000 simulated normal samples, 96 % of Student-3 and 88 to 90 % of exponential ones; of 10
    to 20 in 95, 91 and 92 to 94 % of 1,500. Of blocks one of which holds half of the units it was 84 to 94 %.
    """
    fraction(level, "level")
    resample_count(resamples)
    generator(rng)
    sizes = np.bincount(blocks)
    count, n = len(sizes), len(values)
    if count < 2:
        return None
    if count < FEW_BLOCKS:
        return _student_interval(values, blocks, level)
    return weighted_interval(
        lambda weights: weights @ values / weights.sum(axis=1),
        blocks,
        rng,
        level=level,
        resamples=resamples,
        factor=small_sample_factor(count, level),
        left_out=(values.sum() - np.bincount(blocks, weights=values)) / (n - sizes),
    )


def _student_interval(values: Floats, blocks: Ints, level: float) -> Interval | None:
    """Return Student's interval of a mean, of blocks' sums of deviations from it; None where none deviates."""
    from scipy.special import stdtrit

    mean = float(values.mean())
    sums = np.bincount(blocks, weights=values - mean)
    largest = float(np.abs(sums).max())
    if largest <= ROUNDING * float(np.abs(values).max()):
        return None
    count = len(sums)
    error = largest * math.sqrt(count / (count - 1) * float(((sums / largest) ** 2).sum())) / len(values)
    half = float(stdtrit(count - 1, (1 + level) / 2)) * error
    return Interval(mean - half, mean + half, level, f"Student's t, {count - 1} degrees of freedom")


def bootstrap_mean(
    values: object, rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000
) -> Interval | None:
    """Return the interval of a mean of independent values, (n,), see `weighted_mean_interval`.

    None of a single value, or where nothing varies.

    Raises:
        StatisticsError: a missing value, or none at all.
    """
    column = floats(values, "values", (1,))
    if np.isnan(column).any():
        missing = int(np.isnan(column).sum())
        raise StatisticsError(f"{missing} of {len(column)} values are missing; leave them out first")
    return weighted_mean_interval(column, np.arange(len(column)), rng, level=level, resamples=resamples)
