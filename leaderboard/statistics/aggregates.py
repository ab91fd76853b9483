"""Mean, interquartile mean and other aggregates of normalised scores, with intervals that keep tasks fixed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.bootstrap import Interval
from nasbench_sparse.leaderboard.statistics.check import Floats, counted, fraction, runs_by_tasks
from nasbench_sparse.leaderboard.statistics.stratified import INTERVAL, complete_tasks, stratified_bootstrap

LEAST_DIFFERENCES = 8  # independent differences between runs of a task, over all tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """One number for a runs x tasks matrix.

    The interval speaks of other seeds on these same tasks, not of other tasks.

    Args:
        interval: None where there is none, and then `no_interval` says why.
        runs, tasks: what it is made of; dropped: positions of tasks left out because a run is missing.
    """

    name: str
    value: float
    interval: Interval | None
    runs: int
    tasks: int
    dropped: tuple[int, ...]

    @property
    def no_interval(self) -> str | None:
        """Why there is no interval; None where there is one."""
        if self.interval is not None:
            return None
        if self.runs == 1:
            return "one run per task"
        return "too few runs" if too_few_to_resample(self.runs, self.tasks) else "nothing varies"

    @property
    def sentence(self) -> str:
        """Say the value, its interval, n and holes."""
        interval = f"(no interval: {self.no_interval})" if self.interval is None else self.interval.sentence
        holes = f", {counted(len(self.dropped), 'task')} with holes left out" if self.dropped else ""
        n = f"{counted(self.runs, 'run')} of each of {counted(self.tasks, 'task')}"
        return f"{self.name} {self.value:.3g} {interval}; n = {n}{holes}."


def stratified_mean(scores: Any, *, level: float = 0.95) -> Aggregate:
    """Return the mean over tasks of the mean over runs, with an interval that holds from two runs a task on.

    Each task has its own variance, and Student's quantile has Welch and Satterthwaite's degrees of freedom. A
    nominal 95 % covered in 94 to 99 % of 1,500 simulated studies with normal or Student-3 runs, 2 to 20 of each of
    1 to 10 tasks, of equal variances or with standard deviations of 1 to 10 (standard error 0.6 %), and with
    exponential runs in 87 to 96 %. With 3 normal runs of 2 tasks the percentile bootstrap covered in 87 %.

    Args:
        scores: (runs, tasks), comparable between tasks (see `normalised_scores`); NaN where a run is missing.
    Raises:
        StatisticsError: no complete task.
    References:
        Satterthwaite (1946), "An approximate distribution of estimates of variance components"; Welch (1947).
    """
    fraction(level, "level")
    matrix = runs_by_tasks(scores, "scores")
    complete = complete_tasks(matrix)
    kept = matrix[:, complete]
    value = float(kept.mean())
    return Aggregate(
        name="mean",
        value=value,
        interval=_student_interval(kept, value, level),
        runs=kept.shape[0],
        tasks=kept.shape[1],
        dropped=tuple(int(i) for i in np.flatnonzero(~complete)),
    )


def _student_interval(scores: Floats, mean: float, level: float) -> Interval | None:
    runs, tasks = scores.shape
    if runs < 2:
        return None
    variances = scores.var(axis=0, ddof=1) / runs  # of each task's mean
    largest = float(variances.max())
    if largest == 0:
        return None
    shares = variances / largest
    total = float(shares.sum())
    degrees = (runs - 1) * total**2 / float((shares**2).sum())
    from scipy.special import stdtrit

    half = float(stdtrit(degrees, (1 + level) / 2)) * math.sqrt(total * largest) / tasks
    return Interval(mean - half, mean + half, level, f"Student's t, {degrees:.1f} degrees of freedom")


def too_few_to_resample(runs: int, tasks: int) -> bool:
    """Tell whether a stratified bootstrap of so few runs misses its level by more than two points.

    A nominal 95 % of the interquartile mean of normal runs covered in 67 % of 1,500 simulated studies with 2 runs
    of 2 tasks, 90 % with 3 of 2, 93 % with 3 of 4, 95 % with 5 of 2 and 94 % with 3 of 10 (standard error 0.6 %).
    """
    return runs < 3 or tasks * (runs - 1) < LEAST_DIFFERENCES


def interquartile_mean(scores: Floats) -> Floats:
    """Average the middle half of all runs of all tasks, (..., runs, tasks) -> (...).

    A quarter of the values, rounded down, is cut off at either end.

    References:
        Agarwal et al. (2021), section 4.3.
    """
    flat = np.sort(scores.reshape(*scores.shape[:-2], -1), axis=-1)
    cut = flat.shape[-1] // 4
    middle: Floats = flat[..., cut : flat.shape[-1] - cut].mean(axis=-1)
    return middle


def iqm(scores: Any, rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000) -> Aggregate:
    """Return the interquartile mean with its interval.

    Args:
        scores: (runs, tasks), comparable between tasks (see `normalised_scores`); NaN where a run is missing.
    Raises:
        StatisticsError: no complete task.
    """
    return aggregate("interquartile mean", interquartile_mean, scores, rng, level=level, resamples=resamples)


def aggregate(
    name: str,
    statistic: Callable[[Floats], Floats],
    scores: Any,
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    resamples: int = 2000,
) -> Aggregate:
    """Return any statistic of complete tasks with its stratified interval, where runs are enough for one.

    Args:
        statistic: maps (m, runs, tasks) to (m,).
    Raises:
        StatisticsError: no complete task.
    """
    matrix = runs_by_tasks(scores, "scores")
    complete = complete_tasks(matrix)
    kept = matrix[:, complete]
    ends = stratified_bootstrap(statistic, kept, rng, level=level, resamples=resamples)
    interval = None
    if ends is not None and ends[0] < ends[1] and not too_few_to_resample(*kept.shape):
        interval = Interval(float(ends[0]), float(ends[1]), level, f"{INTERVAL}, {resamples} resamples")
    return Aggregate(
        name=name,
        value=float(statistic(kept[None])[0]),
        interval=interval,
        runs=kept.shape[0],
        tasks=kept.shape[1],
        dropped=tuple(int(i) for i in np.flatnonzero(~complete)),
    )
