"""Interquartile mean and other aggregates of normalised scores, with stratified bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.bootstrap import Interval
from nasbench_sparse.leaderboard.statistics.check import Floats, counted, runs_by_tasks
from nasbench_sparse.leaderboard.statistics.stratified import INTERVAL, complete_tasks, stratified_bootstrap


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """One number for a runs x tasks matrix.

    The interval speaks of other seeds on these same tasks, not of other tasks. A nominal 95 % of the interquartile
    mean covered in 90 % of 600 simulated studies with 3 normal runs of 2 tasks, in 94 % with 3 of 4 tasks, in 95 %
    with 3 of 10 and in 93 % with 20 of 9 (standard error 1 %).

    Args:
        interval: None with one run per task.
        runs, tasks: what it is made of; dropped: positions of tasks left out because a run is missing.
    """

    name: str
    value: float
    interval: Interval | None
    runs: int
    tasks: int
    dropped: tuple[int, ...]

    @property
    def sentence(self) -> str:
        """Say the value, its interval, n and holes."""
        interval = "(no interval: one run per task)" if self.interval is None else self.interval.sentence
        holes = f", {counted(len(self.dropped), 'task')} with holes left out" if self.dropped else ""
        n = f"{counted(self.runs, 'run')} of each of {counted(self.tasks, 'task')}"
        return f"{self.name} {self.value:.3g} {interval}; n = {n}{holes}."


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
    """Return any statistic of complete tasks with its stratified interval.

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
    if ends is not None:
        interval = Interval(float(ends[0]), float(ends[1]), level, f"{INTERVAL}, {resamples} resamples")
    return Aggregate(
        name=name,
        value=float(statistic(kept[None])[0]),
        interval=interval,
        runs=kept.shape[0],
        tasks=kept.shape[1],
        dropped=tuple(int(i) for i in np.flatnonzero(~complete)),
    )
