"""Mean, interquartile mean and other aggregates of normalised scores, with intervals that keep tasks fixed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.bootstrap import Interval
from nasbench_sparse.leaderboard.statistics.check import Floats, StatisticsError, counted, fraction
from nasbench_sparse.leaderboard.statistics.stratified import (
    INTERVAL,
    Strata,
    complete_tasks,
    middle_half,
    run_weights,
    sizes_text,
    strata,
    stratified_bootstrap,
    too_few_to_resample,
    why_too_few,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """One number for the runs of several tasks, each of which weighs the same.

    The interval speaks of other seeds on these same tasks, not of other tasks.

    Args:
        interval: None where there is none, and then `no_interval` says why.
        sizes: runs of each task that it is made of; dropped: positions of tasks left out because a run is missing.
    """

    name: str
    value: float
    interval: Interval | None
    sizes: tuple[int, ...]
    dropped: tuple[int, ...]

    @property
    def runs(self) -> int:
        """Runs of each task; where tasks differ, the fewest."""
        return min(self.sizes)

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return len(self.sizes)

    @property
    def no_interval(self) -> str | None:
        """Why there is no interval; None where there is one."""
        if self.interval is not None:
            return None
        few = too_few_to_resample(middle_half(self.sizes))
        return why_too_few(self.sizes) if few or self.runs == 1 else "nothing varies"

    @property
    def sentence(self) -> str:
        """Say the value, its interval, n and holes."""
        interval = f"(no interval: {self.no_interval})" if self.interval is None else self.interval.sentence
        holes = f", {counted(len(self.dropped), 'task')} with holes left out" if self.dropped else ""
        return f"{self.name} {self.value:.3g} {interval}; n = {sizes_text(self.sizes)}{holes}."


def stratified_mean(scores: Any, *, level: float = 0.95) -> Aggregate:
    """Return the mean over tasks of the mean over runs, with an interval that holds from two runs a task on.

    Each task has its own variance, and Student's quantile has Welch and Satterthwaite's degrees of freedom. A
    nominal 95 % covered in 94 to 99 % of 1,500 simulated studies with normal or Student-3 runs, 2 to 20 of each of
    1 to 10 tasks, of equal variances or with standard deviations of 1 to 10 (standard error 0.6 %), and with
    exponential runs in 87 to 96 %. With 3 normal runs of 2 tasks the percentile bootstrap covered in 87 %.

    Args:
        scores: (runs, tasks), comparable between tasks (see `normalised_scores`), NaN where a run is missing; or
            `Strata`, where tasks have different numbers of runs.
    Raises:
        StatisticsError: no complete task.
    References:
        Satterthwaite (1946), "An approximate distribution of estimates of variance components"; Welch (1947).
    """
    fraction(level, "level")
    kept, dropped = _kept(scores)
    value = float(np.mean([column.mean() for column in kept.tasks]))
    interval = _student_interval(kept, value, level)
    return Aggregate(name="mean", value=value, interval=interval, sizes=kept.sizes, dropped=dropped)


def _kept(scores: Any) -> tuple[Strata, tuple[int, ...]]:
    """Return the complete tasks, and the positions of the others."""
    given = strata(scores, "scores")
    complete = complete_tasks(given)
    return given.among(complete), tuple(int(i) for i in np.flatnonzero(~complete))


def _student_interval(scores: Strata, mean: float, level: float) -> Interval | None:
    sizes = np.array(scores.sizes)
    if sizes.min() < 2:
        return None
    variances = np.array([column.var(ddof=1) / len(column) for column in scores.tasks])  # of each task's mean
    return welch_interval(mean, variances / len(sizes) ** 2, sizes - 1, level)


def welch_interval(estimate: float, variances: Floats, degrees: Floats, level: float = 0.95) -> Interval | None:
    """Return Student's interval of an estimate whose variance is a sum of estimated ones; None where all are 0.

    Args:
        variances: that are added, (parts,); degrees: of freedom of each, (parts,).
    References:
        Satterthwaite (1946), "An approximate distribution of estimates of variance components".
    """
    largest = float(variances.max())
    if largest == 0:
        return None
    shares = variances / largest
    total = float(shares.sum())
    freedom = total**2 / float((shares**2 / degrees).sum())
    from scipy.special import stdtrit

    half = float(stdtrit(freedom, (1 + level) / 2)) * math.sqrt(total * largest)
    return Interval(estimate - half, estimate + half, level, f"Student's t, {freedom:.1f} degrees of freedom")


def interquartile_mean(scores: Floats) -> Floats:
    """Average the middle half of all runs of all tasks, (..., runs, tasks) -> (...).

    A quarter of the values, rounded down, is cut off at either end. Where tasks have different numbers of runs, of
    which all arrays of the stack have the same, each task weighs the same (see `run_weights`).

    References:
        Agarwal et al. (2021), section 4.3.
    """
    weights = run_weights(scores.reshape(-1, *scores.shape[-2:])[0]).ravel()
    cut = weights.sum() // 4
    flat = scores.reshape(*scores.shape[:-2], -1)
    order = np.argsort(flat, axis=-1)  # NaN sorts last, and weighs nothing
    upper = np.cumsum(weights[order], axis=-1)
    lower = upper - weights[order]
    kept = np.maximum(np.minimum(upper, weights.sum() - cut) - np.maximum(lower, cut), 0)
    values = np.nan_to_num(np.take_along_axis(flat, order, axis=-1), nan=0.0)
    middle: Floats = (values * kept).sum(axis=-1) / kept.sum(axis=-1)
    return middle


def iqm(scores: Any, rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000) -> Aggregate:
    """Return the interquartile mean with its interval.

    From 3 runs of 7 tasks, 4 of 5, 5 of 2 or 9 of one on it has one. A nominal 95 % covered in 92 to 98 % of 1,000
    simulated studies with normal runs, 3 to 10 of 1 to 20 tasks, whose levels were the same or up to 30 standard
    deviations apart (standard error 0.7 %); with 3 runs of 4 tasks in 86 %, had it one there.

    Args:
        scores: see `stratified_mean`.
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

    It may rest on half of the tasks, as the interquartile mean does where tasks' levels differ.

    Args:
        statistic: maps (m, runs, tasks), NaN below the runs of a task that has fewer, to (m,).
        scores: see `stratified_mean`.
    Raises:
        StatisticsError: no complete task, or a statistic that is no function or of another shape.
    """
    kept, dropped = _kept(scores)
    if not callable(statistic):
        raise StatisticsError(f"statistic is a {type(statistic).__name__}; a function of stacked scores is needed")
    found = np.asarray(statistic(kept.matrix[None]))
    if found.shape != (1,):
        raise StatisticsError(f"statistic maps (1, runs, tasks) to {found.shape}; (1,) is needed, a value a stack")
    sizes = middle_half(kept.sizes)
    ends = stratified_bootstrap(statistic, kept, rng, level=level, resamples=resamples, sizes=sizes)
    interval = None
    if ends is not None and ends[0] < ends[1] and not too_few_to_resample(sizes):
        interval = Interval(float(ends[0]), float(ends[1]), level, f"{INTERVAL}, {resamples} resamples")
    value = float(found[0])
    return Aggregate(name=name, value=value, interval=interval, sizes=kept.sizes, dropped=dropped)
