"""Probability of improvement: how often a run of one contender beats a run of another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_sparse.leaderboard.statistics.bootstrap import Interval, tail_quantiles
from nasbench_sparse.leaderboard.statistics.check import (
    Floats,
    StatisticsError,
    counted,
    fraction,
    read_only,
    resample_count,
    runs_by_tasks,
)
from nasbench_sparse.leaderboard.statistics.stratified import INTERVAL, complete_tasks

_CHUNK = 2_000_000  # counts held at a time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Improvement:
    """Chance that the first contender's loss is lower than the second's, ties counted half.

    Args:
        probability: mean over tasks; per_task: (tasks,) in the order given, NaN for tasks left out.
        interval: stratified bootstrap over the runs of both; None where either has one run per task or no resample
            differs, and then `no_interval` says why.
        ties: pairs of runs that tie, over all tasks.
    """

    probability: float
    per_task: Floats
    interval: Interval | None
    first_runs: int
    second_runs: int
    tasks: int
    dropped: tuple[int, ...]
    ties: int

    @property
    def all_tie(self) -> bool:
        """Whether every run of the first has the same loss as every run of the second, task by task."""
        return self.ties == self.first_runs * self.second_runs * self.tasks

    @property
    def no_interval(self) -> str | None:
        """Why there is no interval; None where there is one."""
        if self.interval is not None:
            return None
        if self.all_tie:
            return "all runs tie"
        return "one run per task" if min(self.first_runs, self.second_runs) == 1 else "no two runs overlap"

    @property
    def sentence(self) -> str:
        """Say the probability, its interval, n, ties and holes."""
        interval = f"(no interval: {self.no_interval})" if self.interval is None else self.interval.sentence
        holes = f", {counted(len(self.dropped), 'task')} with holes left out" if self.dropped else ""
        return (
            f"probability of improvement {self.probability:.3g} {interval}; n = {self.first_runs} and "
            f"{self.second_runs} runs of each of {counted(self.tasks, 'task')}{holes}; "
            f"{counted(self.ties, 'tied pair')} counted half."
        )


def probability_of_improvement(
    first: Any, second: Any, rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000
) -> Improvement:
    """Compare every run of the first with every run of the second, task by task.

    Args:
        first, second: losses, (runs, tasks); runs need not be paired nor equal in number.
    Raises:
        StatisticsError: different numbers of tasks, or no complete task.
    References:
        Agarwal et al. (2021), section 4.3; Mann and Whitney (1947).
    """
    fraction(level, "level")
    resample_count(resamples)
    one, two = runs_by_tasks(first, "first"), runs_by_tasks(second, "second")
    if one.shape[1] != two.shape[1]:
        raise StatisticsError(
            f"first has {one.shape[1]} tasks and second {two.shape[1]}; they must be the same tasks"
        )
    complete = complete_tasks(one, two)
    one, two = one[:, complete], two[:, complete]
    wins = _wins(one, two)
    chances = wins.mean(axis=(1, 2))
    per_task = np.full(len(complete), np.nan)
    per_task[complete] = chances
    interval = None
    if min(len(one), len(two)) > 1 and (wins != wins[:, :1, :1]).any():
        fewest = min(len(one), len(two))
        widened = math.sqrt(fewest / (fewest - 1))
        low, high = tail_quantiles(_resampled(wins, resamples, rng), level, widened)
        interval = Interval(float(low), float(high), level, f"{INTERVAL}, {resamples} resamples")
    return Improvement(
        probability=float(chances.mean()),
        per_task=read_only(per_task),
        interval=interval,
        first_runs=len(one),
        second_runs=len(two),
        tasks=one.shape[1],
        dropped=tuple(int(i) for i in np.flatnonzero(~complete)),
        ties=int((one[:, None] == two[None]).sum()),
    )


def _wins(one: Floats, two: Floats) -> Floats:
    """Return 1 where a run of the first is lower, 1/2 where it ties, else 0: (tasks, first runs, second runs)."""
    first, second = one.T[:, :, None], two.T[:, None, :]
    wins: Floats = (first < second) + (first == second) / 2
    return wins


def _resampled(wins: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    """Return the mean over tasks of each resample's chance, (resamples,)."""
    tasks, first, second = wins.shape
    step = max(1, _CHUNK // (tasks * (first + second)))
    parts = []
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        one, two = _counts(rows, tasks, first, rng), _counts(rows, tasks, second, rng)
        parts.append(((one @ wins) * two).sum(axis=(0, 2)) / (tasks * first * second))
    return np.concatenate(parts)


def _counts(rows: int, tasks: int, runs: int, rng: np.random.Generator) -> Floats:
    """Draw runs with replacement and count each, (tasks, rows, runs)."""
    drawn = rng.integers(runs, size=(tasks * rows, runs)) + np.arange(tasks * rows)[:, None] * runs
    counts = np.bincount(drawn.ravel(), minlength=tasks * rows * runs)
    return counts.reshape(tasks, rows, runs).astype(np.float64)
