"""Stratified bootstrap: runs resampled within each task, tasks kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from nasbench_sparse.leaderboard.statistics.bootstrap import student_factor, tail_quantiles
from nasbench_sparse.leaderboard.statistics.check import (
    Bools,
    Floats,
    StatisticsError,
    fraction,
    resample_count,
)

INTERVAL = "stratified percentile bootstrap"
_CHUNK = 2_000_000  # scores held at a time


def complete_tasks(*matrices: Floats) -> Bools:
    """Tell which tasks have every run of every matrix, (tasks,).

    Raises:
        StatisticsError: none is complete.
    """
    complete = ~np.logical_or.reduce([np.isnan(matrix).any(axis=0) for matrix in matrices])
    if not complete.any():
        raise StatisticsError(
            f"none of {len(complete)} tasks has all of its runs; fill the holes or leave runs out"
        )
    return np.asarray(complete)


def resampled_runs(scores: Floats, resamples: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield stacks (some resamples, runs, tasks) with each task's runs drawn with replacement.

    References:
        Agarwal et al. (2021), "Deep reinforcement learning at the edge of the statistical precipice", section 4.1.
    """
    runs, tasks = scores.shape
    step = max(1, _CHUNK // scores.size)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = rng.integers(runs, size=(rows, runs, tasks))
        yield np.take_along_axis(scores[None], drawn, axis=1)


def stratified_bootstrap(
    statistic: Callable[[Floats], Floats],
    scores: Floats,
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    resamples: int = 2000,
) -> tuple[Floats, Floats] | None:
    """Return the percentile ends of a statistic, or None with a single run per task (nothing to resample).

    Resampling n runs understates their variance by (n - 1) / n, and tasks x (n - 1) differences are all there is to
    estimate it from: the normal quantile that picks the percentiles is widened by sqrt(n / (n - 1)) and by the
    ratio of Student's quantile of so many degrees of freedom to the normal one.

    Args:
        statistic: maps (m, runs, tasks) to (m,) or (m, points).
        scores: (runs, tasks) without NaN.
    """
    fraction(level, "level")
    resample_count(resamples)
    runs, tasks = scores.shape
    if runs < 2:
        return None
    values = np.concatenate([statistic(stack) for stack in resampled_runs(scores, resamples, rng)])
    return tail_quantiles(values, level, math.sqrt(runs / (runs - 1)) * student_factor(tasks * (runs - 1), level))
