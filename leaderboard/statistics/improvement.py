"""Probability of improvement: how often a run of one contender beats a run of another."""

from __future__ import annotations

from collections.abc import Sequence
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
)
from nasbench_sparse.leaderboard.statistics.stratified import (
    INTERVAL,
    complete_tasks,
    sizes_text,
    strata,
    too_few_to_resample,
    widening,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Improvement:
    """Chance that the first contender's loss is lower than the second's, ties counted half.

    Args:
        probability: mean over tasks; per_task: (tasks,) in the order given, NaN for tasks left out.
        interval: stratified bootstrap over the runs of both; None where there are too few runs or no resample
            differs, and then `no_interval` says why.
        first_sizes, second_sizes: runs of either, of each task that counts.
        ties: pairs of runs that tie, over all tasks.
    """

    probability: float
    per_task: Floats
    interval: Interval | None
    first_sizes: tuple[int, ...]
    second_sizes: tuple[int, ...]
    dropped: tuple[int, ...]
    ties: int

    @property
    def tasks(self) -> int:
        """Number of tasks that count."""
        return len(self.first_sizes)

    @property
    def all_tie(self) -> bool:
        """Whether every run of the first has the same loss as every run of the second, task by task."""
        return self.ties == sum(a * b for a, b in zip(self.first_sizes, self.second_sizes, strict=True))

    @property
    def no_interval(self) -> str | None:
        """Why there is no interval; None where there is one."""
        if self.interval is not None:
            return None
        if self.all_tie:
            return "all runs tie"
        sizes = (*self.first_sizes, *self.second_sizes)
        if min(sizes) == 1:
            return (
                "one run per task"
                if 1 in (max(self.first_sizes), max(self.second_sizes))
                else "one run of some task"
            )
        return "too few runs" if too_few_to_resample(sizes) else "no two runs overlap"

    @property
    def sentence(self) -> str:
        """Say the probability, its interval, n, ties and holes."""
        interval = f"(no interval: {self.no_interval})" if self.interval is None else self.interval.sentence
        holes = f", {counted(len(self.dropped), 'task')} with holes left out" if self.dropped else ""
        return (
            f"probability of improvement {self.probability:.3g} {interval}; n = {sizes_text(self.first_sizes)} and "
            f"{sizes_text(self.second_sizes)}{holes}; {counted(self.ties, 'tied pair')} counted half."
        )


def probability_of_improvement(
    first: Any, second: Any, rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000
) -> Improvement:
    """Compare every run of the first with every run of the second, task by task; each task weighs the same.

    Args:
        first, second: losses, (runs, tasks), NaN where a run is missing, or `Strata` where tasks have different
            numbers of runs; runs need not be paired nor equal in number.
    Raises:
        StatisticsError: different numbers of tasks, or no complete task.
    References:
        Agarwal et al. (2021), section 4.3; Mann and Whitney (1947).
    """
    fraction(level, "level")
    resample_count(resamples)
    one, two = strata(first, "first"), strata(second, "second")
    if len(one.tasks) != len(two.tasks):
        raise StatisticsError(
            f"first has {len(one.tasks)} tasks and second {len(two.tasks)}; they must be the same tasks"
        )
    complete = complete_tasks(one, two)
    one, two = one.among(complete), two.among(complete)
    wins = [_wins(a, b) for a, b in zip(one.tasks, two.tasks, strict=True)]
    chances = [float(won.mean()) for won in wins]
    per_task = np.full(len(complete), np.nan)
    per_task[complete] = chances
    interval = None
    sizes = (*one.sizes, *two.sizes)
    if not too_few_to_resample(sizes) and any((won != won[0, 0]).any() for won in wins):
        low, high = tail_quantiles(_resampled(wins, resamples, rng), level, widening(sizes, level))
        interval = Interval(float(low), float(high), level, f"{INTERVAL}, {resamples} resamples")
    return Improvement(
        probability=float(np.mean(chances)),
        per_task=read_only(per_task),
        interval=interval,
        first_sizes=one.sizes,
        second_sizes=two.sizes,
        dropped=tuple(int(i) for i in np.flatnonzero(~complete)),
        ties=sum(int((won == 0.5).sum()) for won in wins),
    )


def _wins(one: Floats, two: Floats) -> Floats:
    """Return 1 where a run of the first is lower, 1/2 where it ties, else 0: (first runs, second runs)."""
    wins: Floats = (one[:, None] < two) + (one[:, None] == two) / 2
    return wins


def _resampled(wins: Sequence[Floats], resamples: int, rng: np.random.Generator) -> Floats:
    """Return the mean over tasks of each resample's chance, (resamples,)."""
    total = np.zeros(resamples)
    for won in wins:
        first, second = won.shape
        one, two = _counts(resamples, first, rng), _counts(resamples, second, rng)
        total += ((one @ won) * two).sum(axis=1) / (first * second)
    return total / len(wins)


def _counts(rows: int, runs: int, rng: np.random.Generator) -> Floats:
    """Draw runs with replacement and count each, (rows, runs)."""
    drawn = rng.integers(runs, size=(rows, runs)) + np.arange(rows)[:, None] * runs
    return np.bincount(drawn.ravel(), minlength=rows * runs).reshape(rows, runs).astype(np.float64)
